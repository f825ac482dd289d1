import { startSandboxCluster } from "../../../sandbox/cluster.ts";
import { resumeSuite } from "./resume.suite.ts";

resumeSuite("the sandbox", startSandboxCluster);
