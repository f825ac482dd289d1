import { startSimulatedCluster } from "./simulated-cluster.ts";
import { doltConformance } from "./suite.ts";

doltConformance("simulated Dolt servers", startSimulatedCluster);
