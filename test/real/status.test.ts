import { describe, it } from "vitest";
import { statusSuite } from "../integration/dolt-status/status.suite.ts";
import { partsUnavailable } from "../parts/build.ts";
import { startRealCluster } from "./cluster/real-cluster.ts";

const unavailable = partsUnavailable();

if (unavailable === null) statusSuite("real servers", startRealCluster);
else describe(`dolt.status (${unavailable})`, () => it.skip("works on real servers", () => undefined));
