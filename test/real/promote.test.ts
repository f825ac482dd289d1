import { describe, it } from "vitest";
import { promoteSuite } from "../integration/dolt-promote/promote.suite.ts";
import { partsUnavailable } from "../parts/build.ts";
import { startRealCluster } from "./cluster/real-cluster.ts";

const unavailable = partsUnavailable();

if (unavailable === null) promoteSuite("real servers", startRealCluster);
else describe(`a promotion (${unavailable})`, () => it.skip("works on real servers", () => undefined));
