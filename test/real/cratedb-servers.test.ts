import { describe, it } from "vitest";
import { cratePodsSuite } from "../integration/cratedb-servers/pods.suite.ts";
import { partsUnavailable } from "../parts/build.ts";
import { startRealCluster } from "./cluster/real-cluster.ts";

const unavailable = partsUnavailable();

if (unavailable === null) cratePodsSuite("kube-apiserver and kube-controller-manager", () => startRealCluster());
else describe(`CrateDB clusters in pods (${unavailable})`, () => it.skip("run on kube-apiserver", () => undefined));
