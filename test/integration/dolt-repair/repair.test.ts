import { startSandboxCluster } from "../../../sandbox/cluster.ts";
import { repairSuite } from "./repair.suite.ts";

repairSuite("simulated servers", startSandboxCluster, [
  ["hold", "after"],
  ["promote", "after"],
  ["restore", "after"],
]);
