import { describe, it } from "vitest";
import { scaleSuite } from "../integration/dolt-scale/scale.suite.ts";
import { partsUnavailable } from "../parts/build.ts";
import { startRealCluster } from "./cluster/real-cluster.ts";

const unavailable = partsUnavailable();

if (unavailable === null) scaleSuite("real servers", startRealCluster);
else describe(`scaling (${unavailable})`, () => it.skip("works on real servers", () => undefined));
