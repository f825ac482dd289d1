import {
  AppsV1Api,
  CoreV1Api,
  type KubeConfig,
  RbacAuthorizationV1Api,
  type V1ClusterRole,
  type V1ClusterRoleBinding,
  type V1Deployment,
  type V1Service,
} from "@kubernetes/client-node";
import { COREDNS_IMAGE } from "../images/coredns-image.ts";
import { until } from "../machine/until.ts";

const NAMESPACE = "kube-system";
const NAME = "coredns";
const LABELS = { "k8s-app": "kube-dns" };
const READY_PORT = 8181;
const READY_DEADLINE_MS = 120_000;

/** As kubeadm sets it up, without names beyond the cluster and without its cache, so that a name follows its pod at once. */
const COREFILE = `.:53 {
    errors
    ready :${READY_PORT}
    kubernetes cluster.local in-addr.arpa {
        pods insecure
        ttl 1
    }
}
`;

/** Runs CoreDNS under the address that the kubelet gives to pods; resolves once it answers. */
export async function startDns(kubeconfig: KubeConfig, address: string, signal?: AbortSignal): Promise<void> {
  const core = kubeconfig.makeApiClient(CoreV1Api);
  const apps = kubeconfig.makeApiClient(AppsV1Api);
  const rbac = kubeconfig.makeApiClient(RbacAuthorizationV1Api);
  const metadata = { name: NAME, namespace: NAMESPACE, labels: LABELS };
  await core.createNamespacedServiceAccount({ namespace: NAMESPACE, body: { metadata } });
  await rbac.createClusterRole({ body: clusterRole() });
  await rbac.createClusterRoleBinding({ body: clusterRoleBinding() });
  await core.createNamespacedConfigMap({ namespace: NAMESPACE, body: { metadata, data: { Corefile: COREFILE } } });
  await core.createNamespacedService({ namespace: NAMESPACE, body: service(address) });
  await apps.createNamespacedDeployment({ namespace: NAMESPACE, body: deployment() });
  await until(
    async () => {
      const { status } = await apps.readNamespacedDeployment({ name: NAME, namespace: NAMESPACE });
      return status?.availableReplicas === 1 ? true : null;
    },
    {
      what: "CoreDNS is available",
      deadlineMs: READY_DEADLINE_MS,
      explain: async () => {
        const { items } = await core.listNamespacedEvent({ namespace: NAMESPACE });
        return items.map(({ reason, message }) => `${reason}: ${message}`).join("\n");
      },
      ...(signal === undefined ? {} : { signal }),
    },
  );
}

function clusterRole(): V1ClusterRole {
  return {
    metadata: { name: NAME },
    rules: [
      { apiGroups: [""], resources: ["endpoints", "services", "pods", "namespaces"], verbs: ["list", "watch"] },
      { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: ["list", "watch"] },
    ],
  };
}

function clusterRoleBinding(): V1ClusterRoleBinding {
  return {
    metadata: { name: NAME },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: NAME },
    subjects: [{ kind: "ServiceAccount", name: NAME, namespace: NAMESPACE }],
  };
}

function service(address: string): V1Service {
  return {
    metadata: { name: "kube-dns", namespace: NAMESPACE, labels: LABELS },
    spec: {
      clusterIP: address,
      selector: LABELS,
      ports: [
        { name: "dns", port: 53, protocol: "UDP" },
        { name: "dns-tcp", port: 53, protocol: "TCP" },
      ],
    },
  };
}

function deployment(): V1Deployment {
  return {
    metadata: { name: NAME, namespace: NAMESPACE, labels: LABELS },
    spec: {
      replicas: 1,
      selector: { matchLabels: LABELS },
      template: {
        metadata: { labels: LABELS },
        spec: {
          serviceAccountName: NAME,
          // The default policy would point the name server at itself.
          dnsPolicy: "Default",
          containers: [
            {
              name: NAME,
              image: COREDNS_IMAGE,
              imagePullPolicy: "Never",
              args: ["-conf", "/etc/coredns/Corefile"],
              readinessProbe: { httpGet: { path: "/ready", port: READY_PORT }, periodSeconds: 1 },
              volumeMounts: [{ name: "config", mountPath: "/etc/coredns", readOnly: true }],
            },
          ],
          volumes: [{ name: "config", configMap: { name: NAME } }],
        },
      },
    },
  };
}
