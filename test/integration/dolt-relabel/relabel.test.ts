import { startSandboxCluster } from "../../../sandbox/cluster.ts";
import { relabelSuite } from "./relabel.suite.ts";

relabelSuite("the sandbox", startSandboxCluster);
