import { describe, it } from "vitest";
import { tlsSuite } from "../integration/dolt/tls.suite.ts";
import { partsUnavailable } from "../parts/build.ts";
import { startRealCluster } from "./cluster/real-cluster.ts";

const unavailable = partsUnavailable();

if (unavailable === null) tlsSuite("real Dolt servers", startRealCluster);
else describe(`TLS to real Dolt servers (${unavailable})`, () => it.skip("works in each mode", () => undefined));
