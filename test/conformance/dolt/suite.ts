import { describe } from "vitest";
import { brokenClusters } from "./broken-clusters.ts";
import type { StartDoltCluster } from "./cluster-under-test.ts";
import { deadStandby } from "./dead-standby.ts";
import { epochs } from "./epochs.ts";
import { equalStates } from "./equal-states.ts";
import { handover } from "./handover.ts";
import { namedRemotes } from "./named-remotes.ts";
import { replicationStatus } from "./replication-status.ts";
import { statements } from "./statements.ts";
import { twoSides } from "./two-sides.ts";

/**
 * What Handover needs of Dolt servers. The simulated server and real ones pass the same tests; where they would differ,
 * the simulated one is wrong.
 */
export function doltConformance(name: string, start: StartDoltCluster): void {
  describe(name, () => {
    statements(start);
    handover(start);
    epochs(start);
    deadStandby(start);
    brokenClusters(start);
    replicationStatus(start);
    namedRemotes(start);
    equalStates(start);
    twoSides(start);
  });
}
