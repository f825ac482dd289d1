import { describe, it } from "vitest";
import { crateClustersSuite } from "../integration/crate-scale/clusters.suite.ts";
import { partsUnavailable } from "../parts/build.ts";
import { startEmptyCluster } from "./cluster/empty-cluster.ts";

const unavailable = partsUnavailable();

if (unavailable === null) crateClustersSuite("kube-apiserver and kube-controller-manager", startEmptyCluster);
else describe(`CrateDB clusters (${unavailable})`, () => it.skip("are scaled on kube-apiserver", () => undefined));
