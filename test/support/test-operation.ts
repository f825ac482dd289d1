import type { Problem } from "../../src/domain/errors.ts";
import type { Plan } from "../../src/domain/plan.ts";
import type { LedgerExecution } from "../../src/execution/ledger.ts";
import type { Operation, OperationContext, OperationRun, Step, UndoResult } from "../../src/operations/operation.ts";

/** What a step of the test operation does to its world when it is reached. */
export type Behaviour = (signal: AbortSignal) => Promise<void>;

/** The marks of a world, which outlives every process. */
export interface MarkedWorld {
  has(mark: string): boolean;
  add(mark: string): unknown;
}

/** Three marks: look (changes nothing), switch (the point of no return), finish. */
const switching = { ids: ["look", "switch", "finish"], committing: "switch", safe: [] } as const;
/** Three pods after a look; before each a person may stop or pause. Each second half may not be stopped at. */
const rolling = {
  ids: ["look", "pod-2", "pod-2-back", "pod-1", "pod-1-back", "pod-0", "pod-0-back"],
  committing: "pod-2",
  safe: ["pod-2", "pod-1", "pod-0"],
} as const;
const kinds: Readonly<Record<"switching" | "rolling", StepsOf>> = { switching, rolling };

interface StepsOf {
  readonly ids: readonly string[];
  readonly committing: string;
  readonly safe: readonly string[];
}

/** An operation on a world of marks, one a step. */
export class TestOperation<World extends MarkedWorld = Set<string>> implements Operation {
  readonly name = "dolt.failover";
  /** What has been done to the world, which outlives every process. */
  readonly world: World;
  readonly #steps: StepsOf;
  /** What happens at a step before its mark is set; for failures and delays. */
  readonly at = new Map<string, Behaviour>();
  undoResult: (failure: Problem) => UndoResult = (failure) => ({ kind: "undone", problem: failure });
  facts = [{ name: "primary", value: "orders-0" }];
  undone = 0;
  closed = 0;

  constructor(world: World, kind: keyof typeof kinds = "switching") {
    this.world = world;
    this.#steps = kinds[kind];
  }

  async plan() {
    const { facts } = this;
    const steps = this.#steps.ids.map((id) => ({ id, title: id }));
    const draft = { facts, now: [], steps, cost: "", bounds: [], warnings: [], details: null };
    return { kind: "plan", draft } as const;
  }

  begin(_context: OperationContext, _plan: Plan): OperationRun {
    const { ids, safe } = this.#steps;
    const isRolling = safe.length > 0;
    return {
      steps: ids.map((id) => this.#step(id)),
      undo: async (failure) => {
        this.undone += 1;
        return this.undoResult(failure);
      },
      result: () => ({
        summary: isRolling ? `${safe.filter((id) => this.world.has(id)).length} of ${safe.length} restarted.` : "done",
        writesStoppedMs: 1,
      }),
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
      pointOfNoReturn: id === this.#steps.committing,
      safePoint: this.#steps.safe.includes(id),
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

/** A new world on which the switching operation works. */
export function switchingOperation(): TestOperation {
  return new TestOperation(new Set<string>());
}

/** A new world on which the rolling operation works. */
export function rollingOperation(): TestOperation {
  return new TestOperation(new Set<string>(), "rolling");
}

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
    steps: switching.ids.map((id) => ({ id, title: id })),
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
