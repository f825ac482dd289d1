import { describe, it } from "vitest";
import { crateLifecycleSuite } from "../integration/crate-restart/lifecycle.suite.ts";
import { partsUnavailable } from "../parts/build.ts";
import { startRealCluster } from "./cluster/real-cluster.ts";

const unavailable = partsUnavailable();

if (unavailable === null) crateLifecycleSuite("kube-apiserver and kube-controller-manager", startRealCluster);
else describe(`CrateDB's nodes (${unavailable})`, () => it.skip("are restarted on kube-apiserver", () => undefined));
