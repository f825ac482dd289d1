import { describe, it } from "vitest";
import { restartSuite } from "../integration/workload-rollouts/restart.suite.ts";
import { partsUnavailable } from "../parts/build.ts";
import { startEmptyCluster } from "./cluster/empty-cluster.ts";

const unavailable = partsUnavailable();

if (unavailable === null) restartSuite("kube-apiserver and kube-controller-manager", startEmptyCluster);
else describe(`restarting workloads (${unavailable})`, () => it.skip("works on kube-apiserver", () => undefined));
