import { startSandboxCluster } from "../../../sandbox/cluster.ts";
import { scaleSuite } from "./scale.suite.ts";

scaleSuite("simulated servers", () => startSandboxCluster());
