/**
 * The worker as it runs in production: the manifests of deploy/ with the project's image, its service account and its Role.
 *
 * It has a network of its own like any pod. What it needs of the test (Redis, the Slack stand-in) listens on loopback
 * addresses, so it is given the addresses of relays (`WholeCluster.relay`). A host network would have been shorter, but
 * it hides what goes wrong with DNS and addresses in a real pod, and the node's loopback is not the machine's.
 */
import {
  AppsV1Api,
  CoreV1Api,
  type KubeConfig,
  KubernetesObjectApi,
  RbacAuthorizationV1Api,
  type V1Pod,
} from "@kubernetes/client-node";
import { ensureNamespace } from "./kubernetes/namespace.ts";
import { until } from "./machine/until.ts";
import type { WholeCluster } from "./whole-cluster.ts";
import { type WorkerSpec, workerManifests } from "./worker-manifests.ts";

export interface WorkerPod {
  /** The pod that runs now; throws while there is none. */
  pod(): Promise<V1Pod>;
  logs(): Promise<string>;
  /** Resolves once a pod of the Deployment is ready. */
  ready(): Promise<V1Pod>;
  /** SIGKILL to the worker's process; the kubelet starts it again. */
  kill(): Promise<void>;
  /** `0` ends the worker and waits until its pod is gone; 1 starts one anew. */
  scale(replicas: 0 | 1): Promise<void>;
}

const READY_DEADLINE_MS = 120_000;
/** More than the manifest's grace period. */
const GONE_DEADLINE_MS = 90_000;

/** Creates the worker's objects; resolves once its pod is ready. Its image is put on the node before, by `addImage`. */
export async function startWorkerPod(
  cluster: WholeCluster,
  kubeConfig: KubeConfig,
  spec: WorkerSpec,
): Promise<WorkerPod> {
  const { namespace, name } = await createObjects(kubeConfig, spec);
  const core = kubeConfig.makeApiClient(CoreV1Api);
  const apps = kubeConfig.makeApiClient(AppsV1Api);

  const pods = async (): Promise<V1Pod[]> => {
    const selector = (await apps.readNamespacedDeployment({ namespace, name })).spec?.selector.matchLabels ?? {};
    const labelSelector = Object.entries(selector)
      .map(([label, value]) => `${label}=${value}`)
      .join(",");
    return (await core.listNamespacedPod({ namespace, labelSelector })).items;
  };
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
        const isReady = current.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True");
        return isReady ? current : null;
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

/** What deploy/worker.yaml tells its user to do, in its order. Gives the place of the Deployment. */
async function createObjects(kubeConfig: KubeConfig, spec: WorkerSpec): Promise<{ namespace: string; name: string }> {
  const manifests = await workerManifests(spec);
  const { name, namespace } = manifests.deployment.metadata ?? {};
  if (name === undefined || namespace === undefined) {
    throw new Error("the Deployment of deploy/worker.yaml has no name or no namespace");
  }
  const any = KubernetesObjectApi.makeApiClient(kubeConfig);
  const core = kubeConfig.makeApiClient(CoreV1Api);
  for (const object of manifests.others) {
    await any.create(object);
  }
  await core.createNamespacedConfigMap({
    namespace,
    body: { metadata: { name: "handover" }, data: { "handover.yaml": spec.configuration } },
  });
  const { redisUrl, slackBotToken, clusterKey } = spec.secrets;
  await core.createNamespacedSecret({
    namespace,
    body: {
      metadata: { name: "handover-worker" },
      stringData: { "redis-url": redisUrl, "slack-bot-token": slackBotToken, "cluster-key": clusterKey },
    },
  });
  const rbac = kubeConfig.makeApiClient(RbacAuthorizationV1Api);
  for (const target of spec.targetNamespaces) {
    await ensureNamespace(kubeConfig, target);
    await rbac.createNamespacedRole({ namespace: target, body: manifests.role });
    await rbac.createNamespacedRoleBinding({ namespace: target, body: manifests.roleBinding });
  }
  await kubeConfig.makeApiClient(AppsV1Api).createNamespacedDeployment({ namespace, body: manifests.deployment });
  return { namespace, name };
}
