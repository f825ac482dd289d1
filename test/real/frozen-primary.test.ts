import { describe, it } from "vitest";
import { frozenPrimarySuite } from "../integration/dolt-failover/frozen-primary.suite.ts";
import { partsUnavailable } from "../parts/build.ts";
import { startRealCluster } from "./cluster/real-cluster.ts";

const unavailable = partsUnavailable();

if (unavailable === null) frozenPrimarySuite("real servers", startRealCluster);
else
  describe(`a primary that freezes with its demotion (${unavailable})`, () =>
    it.skip("works on real servers", () => undefined));
