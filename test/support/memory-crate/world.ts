import { systemClock } from "../../../src/adapters/clock.ts";
import { fail } from "../../../src/domain/errors.ts";
import type { Parameters, Plan } from "../../../src/domain/plan.ts";
import type { StepProgress } from "../../../src/domain/request.ts";
import { planFrom } from "../../../src/execution/preflight.ts";
import { type ExecutionResult, runSteps } from "../../../src/execution/run-steps.ts";
import type { SafePoints } from "../../../src/execution/safe-point.ts";
import type { Operation, OperationContext } from "../../../src/operations/operation.ts";
import type { Clock } from "../../../src/ports/clock.ts";
import { CrateError } from "../../../src/ports/crate-servers.ts";
import { noCluster } from "../no-cluster.ts";
import { MemoryCrateClusters, type Through } from "./clusters.ts";
import { MemoryModel, type MemoryOptions } from "./model.ts";
import { memoryServers } from "./servers.ts";

/** What happens to a call. */
export type Fate = "well" | "lost" | "unreachable" | "die_before" | "die_after";

/** A cluster in memory, and whoever works on it: one process after another, each of which may die in any call. */
export class MemoryCrateWorld {
  readonly model: MemoryModel;
  /** Every call of every process, in order. */
  readonly calls: string[] = [];
  readonly writes: string[] = [];
  /** Every note that was told, in order. */
  readonly notes: { readonly atMs: number; readonly text: string }[] = [];
  fateOf: (name: string, isWrite: boolean, call: number) => Fate = () => "well";
  /** Who wants to stop it; asked about every second. */
  stopBy: () => string | null = () => null;
  #clusters: MemoryCrateClusters | null = null;
  autoscaled: readonly { readonly set: string }[] = [];
  lacking: MemoryCrateClusters["lacking"] = [];

  constructor(options: MemoryOptions) {
    this.model = new MemoryModel(options);
  }

  async planned(operation: Operation, parameters: Parameters, surface?: "slack" | "terminal") {
    return await operation.plan({ ...this.context(), ...(surface === undefined ? {} : { surface }) }, parameters);
  }

  async plan(operation: Operation, parameters: Parameters): Promise<Plan> {
    const result = await this.planned(operation, parameters);
    if (result.kind === "refused")
      throw new Error(result.problems.map(({ code, what }) => `${code}: ${what}`).join("\n"));
    const target = { cluster: "main", namespace: "db", name: "metrics", workload: "metrics" };
    const about = {
      requestId: "r1",
      operation: operation.name,
      target,
      requester: { teamId: "T", userId: "U" },
      parameters,
    };
    return planFrom(result.draft, about, 0);
  }

  /** One process carries the plan out, to its end or to its own (null). */
  async run(operation: Operation, plan: Plan, resumed = false): Promise<ExecutionResult | null> {
    const life = Promise.withResolvers<null>();
    const context = this.context(() => life.resolve(null));
    const run = operation.begin(context, plan, resumed);
    let committed = resumed;
    const ended = runSteps({
      run,
      lease: { lost: new AbortController().signal, assertHeld: () => undefined, confirm: async () => undefined },
      reporter: {
        progress: (steps) => this.#note(steps),
        commit: async () => {
          committed = true;
        },
      },
      // Whoever listens for a wish waits by the real clock, as time here passes for the one who works.
      clock: { ...context.clock, sleep: (_durationMs, signal) => systemClock.sleep(1, signal) },
      committed,
      safePoints: this.#safePoints(),
      shutdown: new AbortController().signal,
    });
    return await Promise.race([ended, life.promise]);
  }

  context(die: () => void = () => undefined): OperationContext {
    const process = { isDead: false };
    const through: Through = async (name, isWrite, work) => {
      await new Promise((resolve) => setImmediate(resolve));
      if (process.isDead) return await never();
      this.calls.push(name);
      const fate = this.fateOf(name, isWrite, this.calls.length);
      const end = async (): Promise<never> => {
        process.isDead = true;
        die();
        return await never();
      };
      if (fate === "die_before") return await end();
      if (fate === "unreachable") throw silence(name, "unreachable");
      const answer = work();
      if (isWrite) this.writes.push(name);
      if (fate === "die_after") return await end();
      if (fate === "lost") throw silence(name, "unknown");
      return answer;
    };
    this.#clusters = new MemoryCrateClusters(this.model, through);
    this.#clusters.autoscaled = this.autoscaled;
    this.#clusters.lacking = this.lacking;
    const clock: Clock = {
      nowMs: () => this.model.nowMs,
      monotonicMs: () => this.model.nowMs,
      sleep: async (durationMs, signal) => {
        await new Promise((resolve) => setImmediate(resolve));
        if (process.isDead) return await never();
        signal?.throwIfAborted();
        this.model.pass(durationMs);
      },
    };
    return {
      ...noCluster,
      workloads: { ...noCluster.workloads, events: async () => [], podLog: async () => [] },
      crate: memoryServers(this.model, through),
      crateClusters: this.#clusters,
      target: { namespace: "db", workload: "metrics", kind: "CrateDBCluster" },
      targetName: "metrics",
      clock,
      signal: new AbortController().signal,
    };
  }

  #note(steps: readonly StepProgress[]): void {
    const running = steps.find(({ state }) => state === "running")?.note;
    if (running !== undefined) this.notes.push({ atMs: this.model.nowMs, text: running });
  }

  /** Whoever watches for a wish waits by the real clock, as time here only passes for the one who works. */
  #safePoints(): SafePoints {
    return {
      isHeld: () => false,
      pauseOnRecord: () => null,
      wish: async () => {
        const by = this.stopBy();
        return by === null ? { kind: "go_on" } : { kind: "stop", by };
      },
      hold: async () => undefined,
      goOn: async () => undefined,
    };
  }
}

function never(): Promise<never> {
  return new Promise(() => undefined);
}

/** The names of Kubernetes' writes are those of `clusters.ts`; everything else is CrateDB's. */
function silence(name: string, outcome: "unreachable" | "unknown"): Error {
  const isKubernetes = /^(look|autoscalers|replicas|arguments|cron|jobs|deployments|missingRights)/.test(name);
  if (isKubernetes) return fail("kubernetes_away", { doing: name, why: "no answer" });
  return new CrateError(outcome, `no answer (${name})`);
}
