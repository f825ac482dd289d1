import type { Problem } from "../../src/domain/errors.ts";
import type { Plan } from "../../src/domain/plan.ts";
import type { LedgerExecution } from "../../src/execution/ledger.ts";
import type { Operation, OperationContext, OperationRun, Step, UndoResult } from "../../src/operations/operation.ts";

/** What a step of the test operation does to its world when it is reached. */
export type Behaviour = (signal: AbortSignal) => Promise<void>;

/** An operation on a world of three marks: look (changes nothing), switch (the point of no return), finish. */
export class TestOperation implements Operation {
  readonly name = "dolt.failover";
  /** What has been done to the world, which outlives every process. */
  readonly world = new Set<string>();
  /** What happens at a step before its mark is set; for failures and delays. */
  readonly at = new Map<string, Behaviour>();
  undoResult: (failure: Problem) => UndoResult = (failure) => ({ kind: "undone", problem: failure });
  undone = 0;
  closed = 0;

  async plan() {
    const facts = [{ name: "primary", value: "orders-0" }];
    const steps = stepIds.map((id) => ({ id, title: id }));
    const draft = { facts, now: [], steps, cost: "", bounds: [], warnings: [], details: null };
    return { kind: "plan", draft } as const;
  }

  begin(_context: OperationContext, _plan: Plan): OperationRun {
    return {
      steps: stepIds.map((id) => this.#step(id)),
      undo: async (failure) => {
        this.undone += 1;
        return this.undoResult(failure);
      },
      result: () => ({ summary: "done", writesStoppedMs: 1 }),
      close: async () => {
        this.closed += 1;
      },
    };
  }

  #step(id: string): Step {
    return {
      id,
      title: id,
      deadlineMs: 10_000,
      pointOfNoReturn: id === "switch",
      safePoint: false,
      changesTarget: id !== "look",
      isDone: async () => this.world.has(id),
      act: async (signal) => {
        await this.at.get(id)?.(signal);
        this.world.add(id);
        return null;
      },
    };
  }
}

const stepIds = ["look", "switch", "finish"];

export function testPlan(requestId = "r-1"): Plan {
  return {
    version: 1,
    requestId,
    operation: "dolt.failover",
    target: { cluster: "c", namespace: "shop", name: "orders", workload: "orders" },
    requester: { teamId: "T1", userId: "U1" },
    parameters: {},
    facts: [],
    fingerprint: "0".repeat(64),
    now: [],
    steps: stepIds.map((id) => ({ id, title: id })),
    cost: "",
    bounds: [],
    warnings: [],
    details: null,
    madeAtMs: 0,
  };
}

export function breakGlassExecution(id = "x-1"): LedgerExecution {
  return {
    version: 1,
    id,
    authority: { kind: "break_glass", user: "kim", reason: "test", plan: testPlan() },
    startedBy: "worker-1",
    startedAtMs: 0,
    committed: false,
    steps: [],
  };
}
