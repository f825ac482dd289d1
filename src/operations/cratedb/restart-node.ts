import { fail } from "../../domain/errors.ts";
import type { CrateSetView } from "../../ports/crate-clusters.ts";
import type { PodView } from "../../ports/workloads.ts";
import { diagnosePod } from "../diagnosis.ts";
import type { OperationContext } from "../operation.ts";
import type { WaitingNote } from "../waiting-note.ts";
import { givebacksOf } from "./backup-jobs.ts";
import { backupCronJobs, backupsNow, giveBackups, pauseBackups } from "./backup-jobs-pause.ts";
import { isSilence } from "./crate-calls.ts";
import { missingNodes } from "./look.ts";
import type { RestartDetails, RestartedNode } from "./restart-details.ts";
import { reasonsAgainst } from "./restart-fitness.ts";
import { type CrateSight, insist, lookAtHealth, unwellIn, whyOf } from "./restart-sight.ts";
import { hookSettingsIn, repairsOf, routingOwnerLabel } from "./routing-allocation.ts";
import { disownAllocation, holdAllocation, openAllocation, releaseAllocation } from "./routing-allocation-hold.ts";
import type { CrateSession } from "./session.ts";

/** How long the cluster may take to become fit for the next restart, and to answer. */
export const fitnessMs = 120_000;
/** What is asked for reasons when a node is not back, beyond its deadline. */
export const diagnosisMs = 20_000;
/** A node that is away for longer gets its replicas built elsewhere: crate-operator does so as soon as the new pod is there. */
const letBackAfterMs = 5 * 60_000;
const lookAgainAfterMs = 1_000;
const evictAgainAfterMs = 2_000;

/**
 * One node's restart. What it sets for that (allocation, label, paused backups) is gone again at its end, so that between two
 * nodes the cluster is as it always is, for hours if people pause it there. Each phase asks what is, so that another process
 * can take it up anywhere.
 */
export class NodeRestart {
  readonly #context: OperationContext;
  readonly #session: CrateSession;
  readonly #details: RestartDetails;
  readonly #node: RestartedNode;
  readonly #waiting: WaitingNote;

  constructor(
    context: OperationContext,
    session: CrateSession,
    details: RestartDetails,
    node: RestartedNode,
    waiting: WaitingNote,
  ) {
    this.#context = context;
    this.#session = session;
    this.#details = details;
    this.#node = node;
    this.#waiting = waiting;
  }

  /** @param resumed whether a process that ended may have left the allocation held */
  async run(resumed: boolean): Promise<string> {
    let refusals = 0;
    if (!(await this.#insist(() => this.#hasBegun()))) {
      if (resumed) await this.#insist(() => this.#open());
      await this.#insist(() => pauseBackups(this.#context, this.#session.cluster));
      await this.#untilFit();
      await this.#insist(() => holdAllocation(this.#context, this.#session));
      refusals = await this.#evict();
    }
    const giveUpAtMs = this.#inMs(this.#node.graceSeconds * 1_000 + this.#details.waitMs);
    await this.#untilBack(giveUpAtMs);
    await this.#insist(() => this.#release(), giveUpAtMs);
    await this.#untilWell(giveUpAtMs);
    await this.#insist(() => this.tidy());
    return refusals === 0 ? "every table is GREEN" : `evicted after ${refusals} refusals; every table is GREEN`;
  }

  /** Whether that is so by now: the node is back, everything well, and nothing left of what was set for it. */
  async isOver(): Promise<boolean> {
    const sight = await lookAtHealth(this.#session, this.#context.signal);
    if ([...this.#awayIn(sight), ...unwellIn(sight)].length > 0) return false;
    if (repairsOf(this.#details.settings, hookSettingsIn(sight.state.settings.all)).length > 0) return false;
    if (sight.cluster.sets.some(({ labels }) => labels[routingOwnerLabel] !== undefined)) return false;
    const jobs = await backupCronJobs(this.#context, sight.cluster);
    return !jobs.seen || givebacksOf(jobs.value).length === 0;
  }

  /** Takes back what was set for it; safe to do twice. */
  async tidy(): Promise<void> {
    const { cluster } = this.#session;
    await this.#open();
    await disownAllocation(this.#context, this.#session);
    await giveBackups(this.#context, cluster);
  }

  #release(): Promise<void> {
    return releaseAllocation(this.#context, this.#session, this.#details.settings);
  }

  #open(): Promise<void> {
    return openAllocation(this.#context, this.#session, this.#details.settings);
  }

  /** Whether that very pod goes already, or is gone: also when an eviction's answer was lost. */
  async #hasBegun(): Promise<boolean> {
    await this.#session.refresh(this.#context.signal);
    const pod = this.#pod();
    return pod?.uid !== this.#node.uid || pod.terminating;
  }

  /** Fit, with no backup running, both seen in one look: a backup may have broken the fitness, and the other way round. */
  async #untilFit(): Promise<void> {
    let unfitSinceMs = this.#context.clock.monotonicMs();
    const backupsUntilMs = this.#inMs(this.#details.backupWaitMs);
    for (;;) {
      const reasons = await this.#readingOr((sight) => reasonsAgainst(sight, this.#details));
      const backups = reasons.length > 0 ? [] : await this.#backups();
      if (reasons.length === 0 && backups.length === 0) return;
      const nowMs = this.#context.clock.monotonicMs();
      if (reasons.length === 0) {
        unfitSinceMs = nowMs;
        if (nowMs >= backupsUntilMs) {
          throw fail("crate_backup_runs", { backups, seconds: this.#details.backupWaitMs / 1_000 });
        }
      } else if (nowMs - unfitSinceMs >= fitnessMs) {
        throw fail("crate_restart_held", { pod: this.#node.name, seconds: fitnessMs / 1_000, reasons });
      }
      await this.#wait([...reasons, ...backups].join("; "), reasons.length === 0 ? 5 * lookAgainAfterMs : undefined);
    }
  }

  async #backups(): Promise<string[]> {
    try {
      return await backupsNow(this.#context, this.#session);
    } catch (error) {
      if (!isSilence(error) || this.#context.signal.aborted) throw error;
      return [whyOf(error)];
    }
  }

  /** Asks until it is allowed, since what forbids it may pass. Returns how often it was refused. */
  async #evict(): Promise<number> {
    const { name, uid } = this.#node;
    const { waitMs } = this.#details;
    const giveUpAtMs = this.#inMs(waitMs);
    for (let refusals = 0; ; refusals += 1) {
      const reference = { namespace: this.#context.target.namespace, name, uid };
      const eviction = await this.#insist(() => this.#context.workloads.evictPod(reference, this.#context.signal));
      if (eviction.kind !== "refused") return refusals;
      if (this.#context.clock.monotonicMs() >= giveUpAtMs) {
        throw fail("crate_pod_not_evicted", {
          pod: name,
          seconds: waitMs / 1_000,
          times: refusals + 1,
          why: eviction.why,
        });
      }
      await this.#wait(`${name} may not be evicted yet: ${eviction.why}`, evictAgainAfterMs);
    }
  }

  /** Until the new pod is Ready and its node in the cluster; when that takes long, replicas are let back before. */
  async #untilBack(giveUpAtMs: number): Promise<void> {
    const letBackAtMs = this.#inMs(letBackAfterMs);
    for (;;) {
      const reasons = await this.#readingOr((sight) => this.#awayIn(sight));
      if (reasons.length === 0) return;
      const nowMs = this.#context.clock.monotonicMs();
      if (nowMs >= giveUpAtMs) throw await this.#notBack(reasons);
      const pod = this.#pod();
      if (nowMs >= letBackAtMs && pod?.uid !== this.#node.uid) await this.#insist(() => this.#open(), giveUpAtMs);
      await this.#wait(reasons.join("; "));
    }
  }

  #awayIn(sight: CrateSight): string[] {
    const { name, uid, node } = this.#node;
    const pod = this.#pod();
    if (pod === null) return [`${name}: no new pod was made yet`];
    if (pod.uid === uid || pod.terminating) return [`${name}: the old pod has not ended yet`];
    if (!pod.ready) return [`${name}: its pod is not Ready (${pod.container.text})`];
    return missingNodes(sight).includes(node) ? [`${node} is not in the cluster yet`] : [];
  }

  async #untilWell(giveUpAtMs: number): Promise<void> {
    for (;;) {
      const reasons = await this.#readingOr(unwellIn);
      if (reasons.length === 0) return;
      if (this.#context.clock.monotonicMs() >= giveUpAtMs) throw await this.#notBack(reasons);
      await this.#wait(reasons.join("; "));
    }
  }

  async #notBack(reasons: readonly string[]) {
    const { name, graceSeconds } = this.#node;
    const seconds = graceSeconds + this.#details.waitMs / 1_000;
    const { namespace } = this.#context.target;
    const told = await diagnosePod(this.#context, { namespace, name, view: this.#pod() }, this.#set()?.uid ?? "");
    return fail("crate_node_not_back", { pod: name, seconds, why: reasons.join("; "), told });
  }

  /** Nobody answering is a reason like any other. */
  async #readingOr(read: (sight: CrateSight) => string[]): Promise<string[]> {
    try {
      return read(await lookAtHealth(this.#session, this.#context.signal));
    } catch (error) {
      if (!isSilence(error) || this.#context.signal.aborted) throw error;
      return [whyOf(error)];
    }
  }

  #pod(): PodView | null {
    return this.#set()?.pods.find(({ name }) => name === this.#node.name)?.pod ?? null;
  }

  #set(): CrateSetView | undefined {
    return this.#session.cluster.sets.find(({ name }) => name === this.#node.set);
  }

  #insist<T>(work: () => Promise<T>, giveUpAtMs = this.#inMs(fitnessMs)): Promise<T> {
    return insist(this.#context, giveUpAtMs, this.#waiting, work);
  }

  async #wait(why: string, forMs = lookAgainAfterMs): Promise<void> {
    this.#waiting.waitsFor(why);
    await this.#context.clock.sleep(forMs, this.#context.signal);
  }

  #inMs(ms: number): number {
    return this.#context.clock.monotonicMs() + ms;
  }
}
