import type { OperationUnderTest } from "./operations.ts";
import { Random } from "./random.ts";

/** A server by its part in the operation: the pods behind the names are known once it is planned. */
export type Part = "old" | "candidate" | "standby";

/** When a fault comes. */
export type Trigger =
  /** Before or after a step of the plan, `delayMs` later. */
  | { readonly kind: "step"; readonly step: string; readonly phase: "before" | "after"; readonly delayMs: number }
  /** At the n-th call of this name, counted from the first of the worker. */
  | { readonly kind: "call"; readonly call: string; readonly phase: "before" | "after"; readonly nth: number }
  /** So long after the operation was asked for. */
  | { readonly kind: "time"; readonly afterMs: number };

/** `forMs` null: until everything is healed. */
export type Act =
  | { readonly kind: "kill worker" }
  | { readonly kind: "stop worker"; readonly forMs: number }
  | { readonly kind: "kill"; readonly part: Part }
  | { readonly kind: "crash"; readonly part: Part; readonly forMs: number | null }
  | { readonly kind: "freeze"; readonly part: Part; readonly forMs: number | null }
  | { readonly kind: "empty volume"; readonly part: Part }
  | { readonly kind: "delete pod"; readonly part: Part }
  | { readonly kind: "slow"; readonly from: Part; readonly to: Part; readonly delayMs: number }
  | { readonly kind: "partition"; readonly a: Part; readonly b: Part; readonly forMs: number | null }
  | { readonly kind: "isolate"; readonly part: Part; readonly forMs: number | null }
  | { readonly kind: "cut clients"; readonly part: Part }
  /** Of the worker, so long after the moment: on the way there, while it is carried out, or on the way back. */
  | { readonly kind: "cut worker"; readonly part: Part; readonly afterMs: number }
  | { readonly kind: "api"; readonly reach: "refused" | "silent"; readonly forMs: number }
  | { readonly kind: "api refuses"; readonly times: number; readonly code: number }
  | { readonly kind: "api answers lost"; readonly times: number }
  /** Somebody else changes the label of a pod. */
  | { readonly kind: "label"; readonly part: Part; readonly value: "primary" | "standby" }
  /** Somebody makes another server primary by hand, at the epoch above the first one's. */
  | { readonly kind: "second primary"; readonly part: Part }
  | { readonly kind: "lease stolen" }
  | { readonly kind: "rival worker" };

/** Who writes themselves into a Lease that is stolen, and then does nothing with it. */
export const thief = "a-thief";

export interface Fault {
  readonly at: Trigger;
  readonly act: Act;
}

/** One run: what is done, under which load, and what goes wrong when. The seed alone decides all of it. */
export interface Scenario {
  readonly seed: number;
  readonly operation: string;
  readonly flags: readonly string[];
  /** Ordinal of the pod that is primary at the start. */
  readonly startPrimary: number;
  readonly replicas: number;
  readonly writers: number;
  readonly readers: number;
  /** How long a writer rests after each write. */
  readonly restMs: number;
  /** `dolt_cluster_ack_writes_timeout_secs` on every server; 0: a commit waits for nobody. */
  readonly ackTimeoutSecs: number;
  /** What is the matter before the operation is asked for. */
  readonly prelude: readonly Act[];
  readonly faults: readonly Fault[];
  /** After which time the next worker comes, when one was killed. */
  readonly nextWorkerAfterMs: number;
}

const parts: readonly Part[] = ["old", "candidate", "standby"];

/** Every single fault at every boundary of every step, so that a whole round of seeds leaves none out. */
export function cellsOf(operation: OperationUnderTest, where: Where): readonly ((random: Random) => Fault)[] {
  const cells: ((random: Random) => Fault)[] = [];
  for (const step of operation.steps) {
    for (const phase of ["before", "after"] as const) {
      for (const act of acts(where)) {
        cells.push((random) => ({
          at: { kind: "step", step, phase, delayMs: random.pick([0, 0, random.int(0, 30)]) },
          act: act(random),
        }));
      }
    }
  }
  for (const call of operation.calls) {
    for (const phase of ["before", "after"] as const) {
      for (const nth of [1, 2]) {
        cells.push(() => ({ at: { kind: "call", call, phase, nth }, act: { kind: "kill worker" } }));
        cells.push((random) => ({ at: { kind: "call", call, phase, nth }, act: random.pick(acts(where))(random) }));
      }
    }
  }
  return cells;
}

/** One maker of every kind of act, on every part of the cluster that it can hit. */
function acts(where: Where): ((random: Random) => Act)[] {
  const isReal = where === "real";
  const longMs = isReal ? 5_000 : 20_000;
  const lasts = (random: Random) =>
    random.pick([random.int(50, 900), random.int(1_000, longMs), isReal ? random.int(1_000, longMs) : null]);
  const ofPart = (part: Part): ((random: Random) => Act)[] => [
    () => ({ kind: "kill", part }),
    (random) => ({ kind: "crash", part, forMs: lasts(random) }),
    (random) => ({ kind: "freeze", part, forMs: lasts(random) }),
    () => ({ kind: "empty volume", part }),
    () => ({ kind: "delete pod", part }),
    (random) => ({ kind: "isolate", part, forMs: lasts(random) }),
    () => ({ kind: "cut clients", part }),
    (random) => ({ kind: "cut worker", part, afterMs: random.int(0, 12) }),
  ];
  const between = (a: Part, b: Part): ((random: Random) => Act)[] => [
    (random) => ({ kind: "partition", a, b, forMs: lasts(random) }),
    (random) => ({ kind: "slow", from: a, to: b, delayMs: random.int(100, isReal ? 1_500 : 4_000) }),
  ];
  return [
    () => ({ kind: "kill worker" }),
    (random) => ({
      kind: "stop worker",
      forMs: random.pick([random.int(100, 3_000), random.int(14_000, isReal ? 17_000 : 40_000)]),
    }),
    ...parts.flatMap(ofPart),
    ...between("old", "candidate"),
    ...between("old", "standby"),
    ...between("candidate", "standby"),
    (random) => ({ kind: "api", reach: "refused", forMs: random.int(50, isReal ? 6_000 : 25_000) }),
    (random) => ({ kind: "api", reach: "silent", forMs: random.int(50, isReal ? 6_000 : 25_000) }),
    (random) => ({ kind: "api refuses", times: random.int(1, 6), code: random.pick([409, 429, 500, 503]) }),
    (random) => ({ kind: "api answers lost", times: random.int(1, 4) }),
    () => ({ kind: "lease stolen" }),
    () => ({ kind: "rival worker" }),
  ];
}

/** `real` where every moment is one of a clock on the wall: nothing lasts longer than it must. */
export type Where = "simulated" | "real";

export function scenarioOf(seed: number, operation: OperationUnderTest, where: Where = "simulated"): Scenario {
  const random = new Random(seed * 2_654_435_761);
  const cells = cellsOf(operation, where);
  const first = cells[seed % cells.length];
  if (first === undefined) throw new Error("there is no fault to begin with");
  const faults = [first(random)];
  for (let more = random.pick([0, 0, 1, 1, 2]); more > 0; more -= 1)
    faults.push(anyFault(random, operation, cells, where));
  return {
    seed,
    operation: operation.verb,
    flags: operation.flags(random),
    startPrimary: random.pick([0, 0, 1, 2]),
    replicas: 3,
    writers: random.int(4, 6),
    readers: random.int(4, 5),
    restMs: random.pick([5, 20, 60]),
    ackTimeoutSecs: random.pick([0, 0, 0, 1]),
    prelude: operation.prelude(random),
    faults,
    nextWorkerAfterMs: random.pick([0, 2_000, where === "real" ? 500 : random.int(5_000, 40_000)]),
  };
}

function anyFault(
  random: Random,
  operation: OperationUnderTest,
  cells: readonly ((random: Random) => Fault)[],
  where: Where,
): Fault {
  if (random.percent(60)) return random.pick(cells)(random);
  const call = random.pick(operation.calls);
  const at: Trigger = random.percent(50)
    ? { kind: "time", afterMs: random.int(0, 3_000) }
    : { kind: "call", call, phase: random.pick(["before", "after"]), nth: random.int(1, 4) };
  return { at, act: random.pick(acts(where))(random) };
}
