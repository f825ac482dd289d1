import { startSandboxCluster } from "../../../sandbox/cluster.ts";
import { commandLineSuite } from "./command-line.suite.ts";

commandLineSuite("the sandbox", startSandboxCluster);
