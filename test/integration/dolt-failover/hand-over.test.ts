import { startSandboxCluster } from "../../../sandbox/cluster.ts";
import { handOverSuite } from "./hand-over.suite.ts";

handOverSuite("the sandbox", startSandboxCluster);
