import type { Random } from "./random.ts";
import type { Act } from "./scenario.ts";

/** What the generator has to know of an operation. */
export interface OperationUnderTest {
  readonly verb: string;
  readonly kind: "planned" | "unplanned";
  readonly steps: readonly string[];
  /** The calls that change roles or labels, or use the lease: the places where a fault hurts most. */
  readonly calls: readonly string[];
  /** `POD1` stands for the name of the pod of that ordinal. */
  readonly flags: (random: Random) => string[];
  /** What is the matter before it is asked for. */
  readonly prelude: (random: Random) => Act[];
  /** How many runs the tests make of it. */
  readonly runs: { readonly simulated: number; readonly real: number };
  /** Seeds that break a promise by a defect that is known and not mended yet, and which. Once mended, the tests demand that they go. */
  readonly openDefects: ReadonlyMap<number, string>;
}

export const failoverUnderTest: OperationUnderTest = {
  verb: "failover",
  kind: "planned",
  steps: ["check", "demote", "promote", "route", "verify"],
  calls: ["dolt.session.transitionToStandby", "dolt.session.assumeRole", "workloads.labelPod", "leases.compareAndSet"],
  flags: (random) => [
    ...random.pick([[], ["--min-caught-up", "1"], ["--min-caught-up", "1"], ["--min-caught-up", "2"]]),
    ...random.pick([[], [], ["--max-lag", "5"]]),
  ],
  prelude: () => [],
  runs: { simulated: 220, real: 22 },
  openDefects: new Map(),
};

/** The primary is gone, or seems so: ended, silent, or alive and cut off from the others. */
export const promoteUnderTest: OperationUnderTest = {
  verb: "promote",
  kind: "unplanned",
  steps: ["check", "unroute", "promote", "route", "verify"],
  calls: ["dolt.session.assumeRole", "workloads.labelPod", "leases.compareAndSet"],
  flags: (random) => ["--accept-loss", ...random.pick([[], [], ["--to", "POD1"], ["--to", "POD2"]])],
  prelude: (random) => [
    random.weighted<Act>([
      [4, { kind: "crash", part: "old", forMs: null }],
      [2, { kind: "crash", part: "old", forMs: random.int(3_000, 20_000) }],
      [4, { kind: "freeze", part: "old", forMs: null }],
      [2, { kind: "freeze", part: "old", forMs: random.int(3_000, 20_000) }],
      [1, { kind: "isolate", part: "old", forMs: null }],
      [1, { kind: "partition", a: "old", b: "candidate", forMs: null }],
    ]),
  ],
  runs: { simulated: 140, real: 9 },
  openDefects: new Map(),
};

export const restartUnderTest: OperationUnderTest = {
  verb: "restart",
  kind: "planned",
  steps: ["check", "restart", "failover-check", "failover-demote", "failover-promote", "failover-route"],
  calls: ["workloads.evict", "dolt.session.transitionToStandby", "dolt.session.assumeRole", "workloads.labelPod"],
  flags: (random) => random.pick([[], ["--max-unavailable", "2"], ["--min-caught-up", "1"], ["--only", "POD1"]]),
  prelude: () => [],
  runs: { simulated: 60, real: 7 },
  openDefects: new Map(),
};

export const relabelUnderTest: OperationUnderTest = {
  verb: "relabel",
  kind: "planned",
  steps: ["check", "route", "standbys"],
  calls: ["workloads.labelPod", "leases.compareAndSet"],
  flags: () => [],
  prelude: (random) =>
    random.pick<Act[]>([
      [{ kind: "label", part: "old", value: "standby" }],
      [
        { kind: "label", part: "old", value: "standby" },
        { kind: "label", part: "candidate", value: "primary" },
      ],
      [{ kind: "label", part: "standby", value: "primary" }],
    ]),
  runs: { simulated: 40, real: 4 },
  openDefects: new Map(),
};

/** One standby more, or one less: then the third pod goes, which may be the primary. */
export const scaleUnderTest: OperationUnderTest = {
  verb: "scale",
  kind: "planned",
  steps: ["check", "configure", "start", "restart", "handover-demote", "handover-promote", "join", "remove", "tidy"],
  calls: [
    "workloads.scaling.changeConfigMap",
    "workloads.scaling.setReplicas",
    "workloads.scaling.createPodService",
    "workloads.evictPod",
    "dolt.session.assumeRole",
  ],
  flags: (random) => ["--replicas", random.pick(["2", "4", "4"])],
  prelude: () => [],
  runs: { simulated: 20, real: 0 },
  openDefects: new Map(),
};

/** Two primaries: apart still, or met, so that both call their configuration broken. A person has chosen whose data stays. */
export const repairUnderTest: OperationUnderTest = {
  verb: "repair",
  kind: "unplanned",
  steps: ["check", "hold", "promote", "route", "rejoin"],
  calls: ["dolt.session.assumeRole", "workloads.labelPod", "leases.compareAndSet"],
  flags: (random) => ["--accept-loss", "--to", random.pick(["POD0", "POD1", "POD2"])],
  prelude: (random) => {
    const apartForMs = random.pick([null, 500, 2_000, 4_000]);
    const another: Act = { kind: "second primary", part: "candidate" };
    const apart: Act = { kind: "isolate", part: "old", forMs: apartForMs };
    if (random.percent(40)) return [apart, another];
    // Two at one epoch break each other when they meet.
    const fromEachOther: Act = { kind: "partition", a: "candidate", b: "standby", forMs: apartForMs };
    return [apart, fromEachOther, another, { kind: "second primary", part: "standby" }];
  },
  runs: { simulated: 40, real: 0 },
  openDefects: new Map(),
};

/** Every operation that chaos knows. */
export const operationsUnderTest: readonly OperationUnderTest[] = [
  failoverUnderTest,
  promoteUnderTest,
  restartUnderTest,
  relabelUnderTest,
  scaleUnderTest,
  repairUnderTest,
];
