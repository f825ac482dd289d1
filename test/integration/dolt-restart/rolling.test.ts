import { startSandboxCluster } from "../../../sandbox/cluster.ts";
import { rollingSuite } from "./rolling.suite.ts";

rollingSuite("the sandbox", startSandboxCluster);
