import { describe, it } from "vitest";
import { accessSuite } from "../integration/workload-rollouts/access.suite.ts";
import { partsUnavailable } from "../parts/build.ts";
import { startEmptyCluster } from "./cluster/empty-cluster.ts";

const unavailable = partsUnavailable();

if (unavailable === null) accessSuite("kube-apiserver and kube-controller-manager", startEmptyCluster);
else describe(`workloads (${unavailable})`, () => it.skip("behave so on kube-apiserver", () => undefined));
