import { fingerprintOf, type Plan } from "../../../../../src/domain/plan.ts";
import { type ExecutionResult, runSteps } from "../../../../../src/execution/run-steps.ts";
import type { Operation } from "../../../../../src/operations/operation.ts";
import type { CrateWorld, WriteFault } from "./world.ts";

type Parameters = Readonly<Record<string, string | number | boolean>>;

export async function planned(world: CrateWorld, operation: Operation, parameters: Parameters = {}) {
  return await operation.plan(world.context(), { ...parameters });
}

export async function plan(world: CrateWorld, operation: Operation, parameters: Parameters = {}): Promise<Plan> {
  const result = await planned(world, operation, parameters);
  if (result.kind === "refused") throw new Error(result.problems.map(({ what }) => what).join(" "));
  const { draft } = result;
  return {
    ...draft,
    version: 1,
    requestId: "r1",
    operation: operation.name,
    target: { cluster: "main", namespace: "db", name: "metrics", workload: "metrics" },
    requester: { teamId: "T1", userId: "U1" },
    parameters: { ...parameters },
    fingerprint: fingerprintOf(draft.facts, draft.warnings),
    madeAtMs: world.now(),
  };
}

export interface Played {
  readonly result: ExecutionResult;
  /** What was told while it ran. */
  readonly notes: readonly string[];
  readonly deaths: number;
}

/**
 * Carries a plan out as the executor does, and takes it up again after each death of its process.
 * @param lives faults of each process in turn; the last one has none
 * @param stopBefore at this safe point a person says stop
 */
export async function play(
  world: CrateWorld,
  operation: Operation,
  given: Plan,
  {
    lives = [],
    stopBefore = null,
  }: { lives?: readonly ReadonlyMap<number, WriteFault>[]; stopBefore?: number | null } = {},
): Promise<Played> {
  let committed = false;
  const notes: string[] = [];
  let asked = 0;
  for (let life = 0; ; life += 1) {
    world.faults = new Map(lives[life] ?? []);
    if (life > 0) await world.revive(lives[life] ?? new Map());
    const run = operation.begin(world.context(), given, committed);
    const running = runSteps({
      run,
      lease: { lost: new AbortController().signal, assertHeld: () => undefined, confirm: async () => undefined },
      reporter: {
        progress: (steps) => {
          const note = steps.findLast(({ note: text }) => text !== undefined)?.note;
          if (note !== undefined) notes.push(note);
        },
        commit: () =>
          world.commit(() => {
            committed = true;
          }),
      },
      clock: world.clock,
      committed,
      safePoints: {
        isHeld: () => false,
        pauseOnRecord: () => null,
        wish: async () => {
          asked += 1;
          return asked - 1 === stopBefore ? { kind: "stop", by: "bob" } : { kind: "go_on" };
        },
        hold: async () => undefined,
        goOn: async () => undefined,
      },
      shutdown: new AbortController().signal,
    });
    running.catch(() => undefined);
    const result = await Promise.race([running, world.died]);
    if (result !== "dead") {
      await run.close();
      return { result, notes, deaths: life };
    }
  }
}
