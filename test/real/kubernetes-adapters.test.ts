import { describe, it } from "vitest";
import { kubernetesAdaptersSuite } from "../integration/kubernetes/adapters.suite.ts";
import { partsUnavailable } from "../parts/build.ts";
import { startEmptyCluster } from "./cluster/empty-cluster.ts";

const unavailable = partsUnavailable();

if (unavailable === null) kubernetesAdaptersSuite("kube-apiserver and kube-controller-manager", startEmptyCluster);
else describe(`the Kubernetes adapters (${unavailable})`, () => it.skip("work on kube-apiserver", () => undefined));
