import { describe, it } from "vitest";
import { handOverSuite } from "../integration/dolt-failover/hand-over.suite.ts";
import { partsUnavailable } from "../parts/build.ts";
import { startRealCluster } from "./cluster/real-cluster.ts";

const unavailable = partsUnavailable();

if (unavailable === null) handOverSuite("real servers", startRealCluster);
else describe(`a failover (${unavailable})`, () => it.skip("works on real servers", () => undefined));
