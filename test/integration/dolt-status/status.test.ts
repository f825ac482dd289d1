import { startSandboxCluster } from "../../../sandbox/cluster.ts";
import { statusSuite } from "./status.suite.ts";

statusSuite("the sandbox", startSandboxCluster);
