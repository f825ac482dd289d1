import { startSandboxCluster } from "../../../sandbox/cluster.ts";
import { cratePodsSuite } from "./pods.suite.ts";

cratePodsSuite("the embedded Kubernetes", () => startSandboxCluster());
