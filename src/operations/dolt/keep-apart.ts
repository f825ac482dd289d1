import type { DoltView } from "./look.ts";

/** The label that the StatefulSet's controller puts on each of its pods, with the pod's name. */
const podNameLabel = "statefulset.kubernetes.io/pod-name";
const sqlPort = 3306;

export function keepApartPolicy(view: DoltView): string {
  return `${view.workload.name}-keep-apart`;
}

/**
 * What to type so that the servers of a target cannot reach one another, while SQL to them works on: a NetworkPolicy that
 * lets in nothing but the SQL port. Only where the cluster's network enforces such policies.
 */
export function keepApartCommand(view: DoltView): string {
  const { namespace, pods } = view.workload;
  const ports = [...new Set(pods.map(({ pod }) => pod?.port ?? sqlPort))].map((port) => ({ protocol: "TCP", port }));
  const policy = {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name: keepApartPolicy(view), namespace },
    spec: {
      podSelector: { matchExpressions: [{ key: podNameLabel, operator: "In", values: pods.map(({ name }) => name) }] },
      policyTypes: ["Ingress"],
      ingress: [{ ports }],
    },
  };
  return `echo '${JSON.stringify(policy)}' | kubectl apply -f -`;
}

export function letMeetCommand(view: DoltView): string {
  return `kubectl delete networkpolicy -n ${view.workload.namespace} ${keepApartPolicy(view)}`;
}
