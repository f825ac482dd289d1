import type { OperationContext } from "../operation.ts";
import { type AnsweringNode, chooseCandidate, hasUnknownLag, lagText } from "./candidate.ts";
import { compareUnknown } from "./compare-states.ts";
import type { DoltNode, DoltView } from "./look.ts";
import { podOfRemote } from "./remotes.ts";
import { nodeOf } from "./server-calls.ts";

/** Comparing reads through every branch of both servers, so not at every look. */
const compareAgainAfterMs = 2_000;

export type Judgement = { readonly lagMs: number | null } | { readonly why: string };

/**
 * Whether a standby holds what this primary has, as far as one look tells: Ready, every database, users and branch control,
 * replicated to without an error and within the bound. Its revision is not asked for: a pod that waits for its restart is
 * of the old one.
 */
export function judgeCaughtUp(view: DoltView, primary: AnsweringNode, name: string, maxLagMs: number): Judgement {
  const node = nodeOf(view, name);
  if (node === null) return { why: "it is no pod of this target any more" };
  const { updateRevision } = view.workload;
  const pod = node.pod === null ? null : { ...node.pod, revision: updateRevision };
  const pair = { ...view, nodes: [primary, { ...node, pod }] };
  const choice = chooseCandidate(pair, primary, { minCaughtUp: 0, maxLagMs });
  if (choice.kind === "none") return { why: withoutName(name, choice.rejected) };
  const { epoch } = choice.node.answer;
  if (epoch !== primary.answer.epoch) return { why: `it is at epoch ${epoch}, the primary at ${primary.answer.epoch}` };
  return { lagMs: choice.lagMs };
}

function withoutName(name: string, rejected: readonly string[]): string {
  return rejected.map((line) => (line.startsWith(`${name}: `) ? line.slice(name.length + 2) : line)).join("; ");
}

interface Sighting {
  readonly uid: string;
  /** By database, the standby's own `last_update` when it was first seen. */
  readonly first: ReadonlyMap<string, number>;
  readonly newest: ReadonlyMap<string, number>;
}

/**
 * Tells over several looks whether restarted standbys replicate again, also where nobody writes.
 *
 * The primary's own word is not enough: it does not notice a dead standby while nothing is written, and after its return
 * it goes on showing the old error, or no lag. The standby's `last_update` is: it lives in memory, so a restart clears
 * it, and it moves with each push, and once a second with the heartbeats that a primary sends to those standbys only that
 * it has caught up (dolt v2.2.3, commithook.go: `replicate`, `recordSuccessfulRemoteSrvCommit`). Users and branch control have no
 * heartbeat; their rows are compared. Where the primary still tells of an error from before, or of no lag, both servers'
 * states are compared.
 */
export class ReplicationWatch {
  readonly #maxLagMs: number;
  readonly #sightings = new Map<string, Sighting>();
  #comparedAtMs = Number.NEGATIVE_INFINITY;

  constructor(maxLagMs: number) {
    this.#maxLagMs = maxLagMs;
  }

  /** For each of these standbys why it does not replicate again, or with which lag it does. */
  async judge(
    context: OperationContext,
    seen: DoltView,
    primary: AnsweringNode,
    names: readonly string[],
  ): Promise<ReadonlyMap<string, Judgement>> {
    for (const name of names) this.#see(nodeOf(seen, name), name);
    const view = await this.#compared(
      context,
      withoutOldErrors(seen, primary, (name) => this.#hasMoved(name, primary)),
    );
    return new Map(names.map((name) => [name, this.#judgeOne(view, nodeOf(view, primary.name) ?? primary, name)]));
  }

  #judgeOne(view: DoltView, primary: DoltNode, name: string): Judgement {
    if (primary.answer === null) return { why: `${primary.name} does not answer` };
    const answering = { ...primary, answer: primary.answer };
    const judgement = judgeCaughtUp(view, answering, name, this.#maxLagMs);
    if ("why" in judgement) return judgement;
    const still = this.#unmoved(name, answering);
    if (still.length > 0)
      return { why: `it has not heard of ${still.join(", ")} from ${primary.name} since its start` };
    return judgement;
  }

  async #compared(context: OperationContext, view: DoltView): Promise<DoltView> {
    const primary = view.nodes.find((node): node is AnsweringNode => node.answer?.role === "primary");
    const nowMs = context.clock.monotonicMs();
    if (primary === undefined || nowMs < this.#comparedAtMs + compareAgainAfterMs) return view;
    const unknown = view.nodes.filter((node) => hasUnknownLag(node, primary, view));
    // Those that have not heard of the primary yet are told from it without reading all their branches.
    if (!unknown.some(({ name }) => !this.#sightings.has(name) || this.#hasMoved(name, primary))) return view;
    this.#comparedAtMs = nowMs;
    return await compareUnknown(context, view, primary);
  }

  /** A server that was started again has lost what it had seen: it begins anew. */
  #see(node: DoltNode | null, name: string): void {
    if (node === null || node.pod === null || node.answer === null) {
      this.#sightings.delete(name);
      return;
    }
    const newest = new Map<string, number>();
    for (const { database, lastUpdateMs } of node.answer.replication) {
      if (lastUpdateMs !== null) newest.set(database, Math.max(lastUpdateMs, newest.get(database) ?? lastUpdateMs));
    }
    const before = this.#sightings.get(name);
    const isSame = before?.uid === node.pod.uid;
    const first = new Map(
      [...newest].map(([database, atMs]) => {
        const earlier = isSame ? before?.first.get(database) : undefined;
        return [database, earlier !== undefined && earlier <= atMs ? earlier : atMs];
      }),
    );
    this.#sightings.set(name, { uid: node.pod.uid, first, newest });
  }

  #unmoved(name: string, primary: AnsweringNode): string[] {
    const sighting = this.#sightings.get(name);
    return primary.answer.databases.filter((database) => {
      const [first, newest] = [sighting?.first.get(database), sighting?.newest.get(database)];
      return first === undefined || newest === undefined || newest <= first;
    });
  }

  #hasMoved(name: string, primary: AnsweringNode): boolean {
    return this.#unmoved(name, primary).length === 0;
  }
}

/** An error that a primary tells of a standby that has heard of it since is from before, until the comparison says otherwise. */
function withoutOldErrors(view: DoltView, primary: AnsweringNode, hasMoved: (name: string) => boolean): DoltView {
  const replication = primary.answer.replication.map((row) => {
    const pod = podOfRemote({ name: row.remote, url: row.remoteUrl }, view.workload.pods);
    return row.error !== null && pod !== null && hasMoved(pod) ? { ...row, error: null, lagMs: null } : row;
  });
  const changed = { ...primary, answer: { ...primary.answer, replication } };
  return { ...view, nodes: view.nodes.map((node) => (node.name === primary.name ? changed : node)) };
}

export function judgementText(judgement: Judgement): string {
  return "why" in judgement ? judgement.why : lagText(judgement.lagMs);
}
