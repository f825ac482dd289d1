import { kubernetesConformance } from "../conformance/kubernetes/suite.ts";
import { startEmptyCluster } from "./cluster/empty-cluster.ts";

kubernetesConformance("kube-apiserver and kube-controller-manager", startEmptyCluster);
