import { fail, HandoverError } from "../../domain/errors.ts";
import { DoltError } from "../../ports/dolt-servers.ts";
import type { OperationContext } from "../operation.ts";
import type { AnsweringNode } from "./candidate.ts";
import type { DoltNode, DoltView } from "./look.ts";
import type { RepairDetails } from "./repair-details.ts";
import { ResentDatabases } from "./repair-resend.ts";
import { chosenIfPromoted, describe, lookUntilSeen } from "./repair-state.ts";
import { ReplicationWatch } from "./replicating.ts";
import { isRoutedOnlyTo, roleLabel, routeOnce } from "./role-labels.ts";
import { connectTo, nodeOf } from "./server-calls.ts";

/** Users and branch control are sent again after up to about a minute (dolt.md, “Seen on real servers”). */
const patienceMs = 150_000;
/** Somebody has to take a NetworkPolicy away first, or mend the network. */
const patienceApartMs = 15 * 60_000;
/** Under writes lag is never 0, and right after a repair everything is sent anew. */
const maxLagMs = 5_000;
const lookAgainAfterMs = 500;
const dropAgainAfterMs = 5_000;
const callDeadlineMs = 10_000;

/** Looks until every server that answered at the plan follows the chosen one, holds what it holds, and no more. */
export class RejoinWatch {
  readonly #context: OperationContext;
  readonly #details: RepairDetails;
  readonly #replication = new ReplicationWatch(maxLagMs);
  readonly #resent = new ResentDatabases();
  #droppedAtMs = Number.NEGATIVE_INFINITY;

  constructor(context: OperationContext, details: RepairDetails) {
    this.#context = context;
    this.#details = details;
  }

  /** `left`: servers that were silent already when people approved, and still are. Throws `dolt_not_rejoined`. */
  async untilRejoined(): Promise<{ note: string; left: string[] }> {
    const { clock, signal } = this.#context;
    const giveUpAtMs = clock.monotonicMs() + (this.#details.apart ? patienceApartMs : patienceMs);
    for (;;) {
      const view = await lookUntilSeen(this.#context);
      const { waiting, left } = await this.#judge(view);
      if (waiting.length === 0) {
        const followers = this.#details.others.length - left.length;
        return { note: `${followers} of ${this.#details.others.length} follow`, left };
      }
      if (clock.monotonicMs() >= giveUpAtMs) {
        throw fail("dolt_not_rejoined", { chosen: this.#details.chosen.name, waiting });
      }
      await clock.sleep(lookAgainAfterMs, signal);
    }
  }

  async #judge(view: DoltView): Promise<{ waiting: string[]; left: string[] }> {
    const chosen = chosenIfPromoted(view, this.#details);
    if (chosen === null) return { waiting: [this.#whatOfChosen(view)], left: [] };
    const waiting: string[] = [];
    const left: string[] = [];
    const following: DoltNode[] = [];
    for (const { name, role } of this.#details.others) {
      const node = nodeOf(view, name);
      if (node === null || node.answer === null) {
        const text = `${name} does not answer (${node?.silence?.text ?? "it is no pod of this target any more"})`;
        // Nobody waits for one that was away before; one that was seen ended cannot be a primary.
        (role === null || node?.silence?.kind === "stopped" ? left : waiting).push(text);
      } else if (node.answer.role !== "standby" || node.answer.epoch !== chosen.answer.epoch) {
        waiting.push(`${name} is ${node.answer.role} at epoch ${node.answer.epoch}`);
      } else following.push(node);
    }
    waiting.push(...(await this.#replicationTo(view, chosen, following)));
    waiting.push(...(await this.#surplusOf(chosen, following, view)));
    if (waiting.length === 0) waiting.push(...(await this.#resent.unequal(this.#context, view, chosen, following)));
    await this.#labelFollowers(view, following);
    return { waiting, left };
  }

  #whatOfChosen(view: DoltView): string {
    const { chosen } = this.#details;
    const rival = view.nodes.find(({ name, answer }) => name !== chosen.name && answer?.role === "primary");
    const above = nodeOf(view, chosen.name)?.answer?.role === "primary" ? null : rival;
    if (above)
      throw fail("dolt_outcome_unknown", {
        state: describe(view),
        todo: `Another server is primary: ask for the repair again.`,
      });
    return `${chosen.name} is not seen as the newest primary (${describe(view)})`;
  }

  async #replicationTo(view: DoltView, chosen: AnsweringNode, following: readonly DoltNode[]): Promise<string[]> {
    const names = following.map(({ name }) => name);
    const judgements = await this.#replication.judge(this.#context, view, chosen, names);
    return [...judgements].flatMap(([name, judgement]) => ("why" in judgement ? [`${name}: ${judgement.why}`] : []));
  }

  /** What only the others had, and was accepted to go, is dropped there. One that the chosen server has by now is not. */
  async #surplusOf(chosen: AnsweringNode, following: readonly DoltNode[], view: DoltView): Promise<string[]> {
    const { drops } = this.#details;
    const surplus = drops.filter(
      (database) =>
        !chosen.answer.databases.includes(database) &&
        following.some(({ answer }) => answer?.databases.includes(database)),
    );
    if (surplus.length === 0) return [];
    const nowMs = this.#context.clock.monotonicMs();
    if (nowMs >= this.#droppedAtMs + dropAgainAfterMs) {
      this.#droppedAtMs = nowMs;
      await this.#drop(surplus, view);
    }
    return [`${surplus.join(", ")} is not dropped everywhere`];
  }

  async #drop(databases: readonly string[], view: DoltView): Promise<void> {
    const options = { deadlineMs: callDeadlineMs, signal: this.#context.signal };
    try {
      const session = await connectTo(this.#context, view, this.#details.chosen.name);
      try {
        for (const database of databases) await session.backups.dropOnStandbys(database, options);
      } finally {
        session.close();
      }
    } catch (error) {
      // What came of it shows at the next look.
      if (!(error instanceof DoltError)) throw error;
    }
  }

  async #labelFollowers(view: DoltView, following: readonly DoltNode[]): Promise<void> {
    const { chosen } = this.#details;
    const { namespace } = this.#context.target;
    try {
      if (!isRoutedOnlyTo(chosen.name, view.workload)) await routeOnce(chosen, this.#context, view.workload);
      for (const { name, pod } of following) {
        if (pod === null || pod.labels[roleLabel] !== undefined) continue;
        const reference = { namespace, name, uid: pod.uid };
        await this.#context.workloads.labelPod(reference, roleLabel, "standby", this.#context.signal);
      }
    } catch (error) {
      // Labelled at the next look; the route was certain before.
      if (!(error instanceof HandoverError)) throw error;
    }
  }
}
