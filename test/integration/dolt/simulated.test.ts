import { startSimulatedCluster } from "../../conformance/dolt/simulated-cluster.ts";
import { doltServersSuite } from "./dolt-servers.suite.ts";

doltServersSuite("simulated servers", startSimulatedCluster);
