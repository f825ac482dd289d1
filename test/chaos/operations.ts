import type { Random } from "./random.ts";

/** What the generator has to know of an operation. */
export interface OperationUnderTest {
  readonly verb: string;
  readonly kind: "planned" | "unplanned";
  readonly steps: readonly string[];
  /** The calls that change roles or labels, or use the lease: the places where a fault hurts most. */
  readonly calls: readonly string[];
  readonly flags: (random: Random) => string[];
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
};

/** Every operation that chaos knows. */
export const operationsUnderTest: readonly OperationUnderTest[] = [failoverUnderTest];
