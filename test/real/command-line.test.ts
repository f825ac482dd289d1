import { describe, it } from "vitest";
import { commandLineSuite } from "../integration/cli/command-line.suite.ts";
import { partsUnavailable } from "../parts/build.ts";
import { startRealCluster } from "./cluster/real-cluster.ts";

const unavailable = partsUnavailable();

if (unavailable === null) commandLineSuite("real servers", startRealCluster);
else describe(`npx handover (${unavailable})`, () => it.skip("works on real servers", () => undefined));
