import { startSandboxCluster } from "../../../sandbox/cluster.ts";
import { tlsSuite } from "./tls.suite.ts";

tlsSuite("simulated servers", startSandboxCluster);
