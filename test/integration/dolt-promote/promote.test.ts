import { startSandboxCluster } from "../../../sandbox/cluster.ts";
import { promoteSuite } from "./promote.suite.ts";

promoteSuite("simulated servers", startSandboxCluster);
