import { describe, it } from "vitest";
import { turnsSuite } from "../integration/workload-rollouts/turns.suite.ts";
import { partsUnavailable } from "../parts/build.ts";
import { startEmptyCluster } from "./cluster/empty-cluster.ts";

const unavailable = partsUnavailable();

if (unavailable === null) turnsSuite("kube-apiserver and kube-controller-manager", startEmptyCluster);
else describe(`workloads (${unavailable})`, () => it.skip("behave so on kube-apiserver", () => undefined));
