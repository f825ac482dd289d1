import { LEASES } from "../../../sandbox/kubernetes/resources.ts";
import type { Act, Fault, Part, Scenario } from "../scenario.ts";
import { namespace, type SimulatedCluster, targetName } from "./cluster.ts";
import type { SimulatedWorker } from "./worker.ts";

/** What the faults need of the run they are in. */
export interface FaultTargets {
  readonly cluster: SimulatedCluster;
  /** The worker at whose points the faults come. */
  readonly worker: () => SimulatedWorker;
  /** Another worker is started, as by a second person. */
  readonly startRival: () => void;
  /** A volume is about to be emptied. */
  readonly losesVolume: (pod: string) => void;
}

/** Waits for the moments of a scenario's faults and does them. */
export class Faults {
  readonly #targets: FaultTargets;
  readonly #waiting: Set<Fault>;
  readonly #calls = new Map<string, number>();
  readonly #parts: Map<Part, string>;
  /** What came, in the order of time. */
  readonly log: string[] = [];
  #isOver = false;

  constructor(scenario: Scenario, targets: FaultTargets) {
    this.#targets = targets;
    this.#waiting = new Set(scenario.faults);
    const { pods } = targets.cluster;
    const old = pods[scenario.startPrimary] ?? "";
    const [candidate = "", standby = ""] = pods.filter((pod) => pod !== old);
    this.#parts = new Map([
      ["old", old],
      ["candidate", candidate],
      ["standby", standby],
    ]);
  }

  /** The plan says which standby is the candidate. */
  learn(candidate: string): void {
    const { pods } = this.#targets.cluster;
    const old = this.#pod("old");
    this.#parts.set("candidate", candidate);
    this.#parts.set("standby", pods.find((pod) => pod !== old && pod !== candidate) ?? candidate);
  }

  /** The operation was asked for. */
  begin(): void {
    const { time } = this.#targets.cluster;
    for (const fault of this.#waiting) {
      if (fault.at.kind === "time") time.at(fault.at.afterMs, () => void this.#come(fault));
    }
  }

  /** A worker is at this point. Resolves when what comes before it goes on is in force. */
  async reached(call: string, phase: "before" | "after"): Promise<void> {
    const key = `${phase} ${call}`;
    const nth = (this.#calls.get(key) ?? 0) + 1;
    this.#calls.set(key, nth);
    for (const fault of [...this.#waiting]) {
      const { at } = fault;
      if (at.kind === "call" && at.call === call && at.phase === phase && at.nth === nth) await this.#come(fault);
      if (at.kind === "step" && `step.${at.step}` === call && at.phase === phase) {
        if (at.delayMs === 0) await this.#come(fault);
        else this.#targets.cluster.time.at(at.delayMs, () => void this.#come(fault));
      }
    }
  }

  /** Nothing comes any more. */
  end(): void {
    this.#isOver = true;
  }

  async #come(fault: Fault): Promise<void> {
    if (this.#isOver || !this.#waiting.delete(fault)) return;
    const { time } = this.#targets.cluster;
    this.log.push(`${Math.round(time.monotonicMs())} ms: ${JSON.stringify(fault.act)}`);
    await this.#do(fault.act);
  }

  async #do(act: Act): Promise<void> {
    const { cluster } = this.#targets;
    const { kubelet, replication, kubernetes, sql, time } = cluster;
    const later = (forMs: number | null, undo: () => void) => {
      if (forMs !== null) time.at(forMs, undo);
    };
    switch (act.kind) {
      case "kill worker":
        return this.#targets.worker().kill();
      case "stop worker": {
        const { life } = this.#targets.worker();
        life.stop();
        return void time.at(act.forMs, () => life.goOn());
      }
      case "kill":
        return await kubelet.kill(this.#pod(act.part));
      case "crash": {
        const pod = this.#pod(act.part);
        later(act.forMs, () => void kubelet.crashLoop(pod, false));
        return await kubelet.crashLoop(pod, true);
      }
      case "freeze": {
        const pod = this.#pod(act.part);
        kubelet.freeze(pod);
        return later(act.forMs, () => kubelet.thaw(pod));
      }
      case "empty volume":
        this.#targets.losesVolume(this.#pod(act.part));
        return await kubelet.emptyVolume(this.#pod(act.part));
      case "delete pod":
        return kubelet.deletePod(this.#pod(act.part));
      case "slow":
        return replication.slow(this.#pod(act.from), this.#pod(act.to), act.delayMs);
      case "partition":
        replication.partition(this.#pod(act.a), this.#pod(act.b));
        return later(act.forMs, () => replication.heal([this.#pod(act.a), this.#pod(act.b)]));
      case "isolate": {
        const pod = this.#pod(act.part);
        for (const other of cluster.pods) if (other !== pod) replication.partition(pod, other);
        return later(act.forMs, () => replication.heal([pod]));
      }
      case "cut clients":
        return sql.cut(this.#pod(act.part), (client) => client !== this.#targets.worker().name);
      case "cut worker": {
        const pod = this.#pod(act.part);
        const { name } = this.#targets.worker();
        return void time.at(act.afterMs, () => sql.cut(pod, (client) => client === name));
      }
      case "api":
        kubernetes.reach = act.reach;
        return later(act.forMs, () => {
          kubernetes.reach = "open";
        });
      case "api refuses":
        return kubernetes.failNext(act.times, act.code);
      case "api answers lost":
        kubernetes.answersToLose += act.times;
        return;
      case "lease stolen":
        return this.#stealLease();
      case "rival worker":
        return this.#targets.startRival();
    }
  }

  /** Somebody writes themselves into the Lease, whoever holds it, and then does nothing more. */
  #stealLease(): void {
    const { registry } = this.#targets.cluster.kubernetes;
    const name = `handover-${targetName}`;
    if (registry.store.get(LEASES, namespace, name) === undefined) return;
    registry.update(LEASES, namespace, name, (current) => ({
      ...current,
      spec: { ...Object(current.spec), holderIdentity: "a-thief" },
    }));
  }

  #pod(part: Part): string {
    return this.#parts.get(part) ?? "";
  }
}
