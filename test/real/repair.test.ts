import { describe, it } from "vitest";
import { repairSuite } from "../integration/dolt-repair/repair.suite.ts";
import { partsUnavailable } from "../parts/build.ts";
import { startRealCluster } from "./cluster/real-cluster.ts";

const unavailable = partsUnavailable();

const steps = ["check", "save", "hold", "promote", "route", "restore", "rejoin"];
const dyingAt = steps.flatMap((step) => [[step, "before"] as const, [step, "after"] as const]);

if (unavailable === null) repairSuite("real servers", startRealCluster, dyingAt);
else describe(`a repair (${unavailable})`, () => it.skip("works on real servers", () => undefined));
