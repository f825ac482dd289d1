import { startSandboxCluster } from "../../../sandbox/cluster.ts";
import { frozenPrimarySuite } from "./frozen-primary.suite.ts";

frozenPrimarySuite("the sandbox", startSandboxCluster);
