/**
 * The worker as it runs in production: a Deployment of the project's image with a service account and a Role of its own.
 *
 * It has a network of its own like any pod. What it needs of the test (Redis, the Slack stand-in) listens on loopback
 * addresses, so it is given the addresses of relays (`WholeCluster.relay`) in its environment. A host network would have
 * been shorter, but it hides what goes wrong with DNS and addresses in a real pod, and the node's loopback is not the
 * machine's.
 */
import {
  AppsV1Api,
  CoreV1Api,
  type KubeConfig,
  RbacAuthorizationV1Api,
  type V1Deployment,
  type V1Pod,
  type V1PolicyRule,
} from "@kubernetes/client-node";
import { PROJECT_IMAGE } from "./images/project-image.ts";
import { ensureNamespace } from "./kubernetes/namespace.ts";
import { until } from "./machine/until.ts";
import type { WholeCluster } from "./whole-cluster.ts";

export interface WorkerPodSpec {
  readonly namespace: string;
  readonly name: string;
  /** Default: the project's own. Put on the node before, with `WholeCluster.addImage`. */
  readonly image?: string;
  /** Default: `worker`. */
  readonly args?: readonly string[];
  /** All of it goes into a Secret; the namespaces of the targets are part of it, as in production. */
  readonly environment: Readonly<Record<string, string>>;
  /** What the service account may do in each of `targetNamespaces`: the Role that the project ships. */
  readonly rules: readonly V1PolicyRule[];
  readonly targetNamespaces: readonly string[];
  /** Port of `/healthz`; null for a program without it, which counts as ready when it runs. Default 8080. */
  readonly healthPort?: number | null;
}

export interface WorkerPod {
  /** The pod that runs now; throws while there is none. */
  pod(): Promise<V1Pod>;
  logs(): Promise<string>;
  /** Resolves once a pod of the Deployment is ready. */
  ready(): Promise<V1Pod>;
  /** SIGKILL to the worker's process; the kubelet starts it again. */
  kill(): Promise<void>;
  /** `replicas: 0` ends the worker and waits until its pod is gone; 1 starts one anew. */
  scale(replicas: 0 | 1): Promise<void>;
}

const DEFAULT_HEALTH_PORT = 8080;
const READY_DEADLINE_MS = 120_000;
const GONE_DEADLINE_MS = 60_000;

/** Creates the worker's objects; resolves once its pod is ready. */
export async function startWorkerPod(
  cluster: WholeCluster,
  kubeConfig: KubeConfig,
  spec: WorkerPodSpec,
): Promise<WorkerPod> {
  const core = kubeConfig.makeApiClient(CoreV1Api);
  const apps = kubeConfig.makeApiClient(AppsV1Api);
  const { namespace, name } = spec;
  await ensureNamespace(kubeConfig, namespace);
  await createAccount(kubeConfig, spec);
  await core.createNamespacedSecret({
    namespace,
    body: { metadata: { name }, stringData: { ...spec.environment } },
  });
  await apps.createNamespacedDeployment({ namespace, body: deployment(spec) });

  const pods = async (): Promise<V1Pod[]> =>
    (await core.listNamespacedPod({ namespace, labelSelector: `app=${name}` })).items;
  const pod = async (): Promise<V1Pod> => {
    const current = (await pods()).find(({ metadata }) => metadata?.deletionTimestamp === undefined);
    if (current === undefined) {
      throw new Error(`no pod of ${namespace}/${name} runs now`);
    }
    return current;
  };
  const nameOfPod = async () => (await pod()).metadata?.name ?? "";
  const logs = async () => core.readNamespacedPodLog({ namespace, name: await nameOfPod() });
  const ready = () =>
    until(
      async () => {
        const current = await pod();
        return current.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True")
          ? current
          : null;
      },
      {
        what: `the pod of ${namespace}/${name} is ready`,
        deadlineMs: READY_DEADLINE_MS,
        explain: async () => `${JSON.stringify((await pod()).status?.containerStatuses)}\n${await logs()}`,
      },
    );
  await ready();
  return {
    pod,
    logs,
    ready,
    kill: async () => cluster.killContainer(namespace, await nameOfPod()),
    scale: async (replicas) => {
      const scaled = await apps.readNamespacedDeploymentScale({ namespace, name });
      await apps.replaceNamespacedDeploymentScale({ namespace, name, body: { ...scaled, spec: { replicas } } });
      if (replicas === 1) {
        await ready();
        return;
      }
      await until(async () => ((await pods()).length === 0 ? true : null), {
        what: `no pod of ${namespace}/${name} is left`,
        deadlineMs: GONE_DEADLINE_MS,
      });
    },
  };
}

/** The service account, and in each namespace of targets a Role that is bound to it. */
async function createAccount(kubeConfig: KubeConfig, spec: WorkerPodSpec): Promise<void> {
  const { namespace, name } = spec;
  const core = kubeConfig.makeApiClient(CoreV1Api);
  const rbac = kubeConfig.makeApiClient(RbacAuthorizationV1Api);
  await core.createNamespacedServiceAccount({ namespace, body: { metadata: { name } } });
  for (const target of spec.targetNamespaces) {
    await ensureNamespace(kubeConfig, target);
    await rbac.createNamespacedRole({ namespace: target, body: { metadata: { name }, rules: [...spec.rules] } });
    await rbac.createNamespacedRoleBinding({
      namespace: target,
      body: {
        metadata: { name },
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name },
        subjects: [{ kind: "ServiceAccount", name, namespace }],
      },
    });
  }
}

function deployment(spec: WorkerPodSpec): V1Deployment {
  const labels = { app: spec.name };
  const healthPort = spec.healthPort === undefined ? DEFAULT_HEALTH_PORT : spec.healthPort;
  return {
    metadata: { name: spec.name, labels },
    spec: {
      replicas: 1,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          serviceAccountName: spec.name,
          securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
          containers: [
            {
              name: "handover",
              image: spec.image ?? PROJECT_IMAGE,
              imagePullPolicy: "Never",
              args: [...(spec.args ?? ["worker"])],
              envFrom: [{ secretRef: { name: spec.name } }],
              securityContext: {
                allowPrivilegeEscalation: false,
                readOnlyRootFilesystem: true,
                capabilities: { drop: ["ALL"] },
              },
              ...(healthPort === null
                ? {}
                : { readinessProbe: { httpGet: { path: "/healthz", port: healthPort }, periodSeconds: 1 } }),
            },
          ],
        },
      },
    },
  };
}
