import { describe, it } from "vitest";
import { relabelSuite } from "../integration/dolt-relabel/relabel.suite.ts";
import { partsUnavailable } from "../parts/build.ts";
import { startRealCluster } from "./cluster/real-cluster.ts";

const unavailable = partsUnavailable();

if (unavailable === null) relabelSuite("real servers", startRealCluster);
else describe(`dolt.relabel (${unavailable})`, () => it.skip("works on real servers", () => undefined));
