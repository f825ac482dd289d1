import { randomBytes } from "node:crypto";
import { join } from "node:path";
import {
  ApiException,
  AppsV1Api,
  CoreV1Api,
  type KubeConfig,
  PatchStrategy,
  setHeaderOptions,
  type V1Pod,
} from "@kubernetes/client-node";
import {
  doltObjects,
  doltPods,
  ROLE_LABEL,
  ROOT_USER,
  replicationServiceAddress,
  SQL_PORT,
} from "../../../sandbox/dolt-manifests.ts";
import type { DoltTarget, DoltTargetSpec } from "../../../sandbox/handle.ts";
import { DOLT_IMAGE } from "../images/dolt-image.ts";
import type { Containerd } from "../machine/containerd.ts";
import { until } from "../machine/until.ts";
import { doltFaults } from "./faults.ts";
import { createDatabases, readRole, replicationSettled, withConnection } from "./sql.ts";

const READY_DEADLINE_MS = 180_000;
const REPLICATION_DEADLINE_MS = 90_000;

/** Creates the objects of a target in the cluster; resolves once all servers answer and replicate. */
export async function createDoltTarget(
  spec: DoltTargetSpec,
  kubeconfig: KubeConfig,
  containerd: Containerd,
  folder: string,
  signal?: AbortSignal,
): Promise<DoltTarget> {
  const core = kubeconfig.makeApiClient(CoreV1Api);
  const { namespace } = spec;
  const rootPassword = randomBytes(12).toString("hex");
  const volumesFolder = join(folder, "volumes", namespace, spec.name);
  await createObjects(spec, kubeconfig, rootPassword, volumesFolder, signal);

  const readPod = (pod: string): Promise<V1Pod> => core.readNamespacedPod({ name: pod, namespace });
  const address = async (pod: string) => {
    const { status } = await readPod(pod);
    if (status?.podIP === undefined) {
      throw new Error(`pod ${namespace}/${pod} has no address now (phase ${status?.phase})`);
    }
    return { host: status.podIP, port: SQL_PORT };
  };
  const pods = doltPods(spec);
  for (const pod of pods) {
    await until(async () => (isReady(await readPod(pod)) ? true : null), {
      what: `pod ${namespace}/${pod} is ready`,
      deadlineMs: READY_DEADLINE_MS,
      everyMs: 100,
      explain: async () => JSON.stringify((await readPod(pod)).status, null, 1),
      ...(signal === undefined ? {} : { signal }),
    });
  }
  const login = { user: ROOT_USER, password: rootPassword };
  const [primary] = pods;
  if (primary === undefined) {
    throw new Error(`the target ${namespace}/${spec.name} has no pods: replicas is ${spec.replicas}`);
  }
  await withConnection({ ...(await address(primary)), ...login }, async (connection) => {
    await createDatabases(connection, spec.databases);
    await until(async () => ((await replicationSettled(connection)) ? true : null), {
      what: `every standby of ${namespace}/${spec.name} has what the primary has`,
      deadlineMs: REPLICATION_DEADLINE_MS,
      everyMs: 100,
      ...(signal === undefined ? {} : { signal }),
    });
  });
  if (spec.labelled ?? true) {
    for (const pod of pods) {
      const role = await withConnection({ ...(await address(pod)), ...login }, readRole);
      await labelPod(core, namespace, pod, role);
    }
  }
  return {
    namespace,
    name: spec.name,
    pods,
    address,
    faults: doltFaults({ pods, readPod, containerd, volumesFolder }),
  };
}

async function createObjects(
  spec: DoltTargetSpec,
  kubeconfig: KubeConfig,
  rootPassword: string,
  volumesFolder: string,
  signal?: AbortSignal,
): Promise<void> {
  const core = kubeconfig.makeApiClient(CoreV1Api);
  const apps = kubeconfig.makeApiClient(AppsV1Api);
  const { namespace } = spec;
  const objects = doltObjects(spec, {
    image: DOLT_IMAGE,
    volumesFolder,
    listenAddress: "0.0.0.0",
    replicationAddress: (_from, to) => replicationServiceAddress(namespace, to),
    rootPassword,
  });
  await unlessThere(core.createNamespace({ body: objects.namespace }));
  // Pods without their service account are refused, and the StatefulSet would wait longer with each refusal.
  await until(() => core.readNamespacedServiceAccount({ name: "default", namespace }), {
    what: `the service account of the namespace ${namespace} exists`,
    deadlineMs: READY_DEADLINE_MS,
    ...(signal === undefined ? {} : { signal }),
  });
  await core.createNamespacedSecret({ namespace, body: objects.secret });
  await core.createNamespacedConfigMap({ namespace, body: objects.configMap });
  for (const body of objects.services) {
    await core.createNamespacedService({ namespace, body });
  }
  await apps.createNamespacedStatefulSet({ namespace, body: objects.statefulSet });
}

async function unlessThere(creation: Promise<unknown>): Promise<void> {
  try {
    await creation;
  } catch (error) {
    if (!(error instanceof ApiException && error.code === 409)) {
      throw error;
    }
  }
}

async function labelPod(core: CoreV1Api, namespace: string, name: string, role: string): Promise<void> {
  await core.patchNamespacedPod(
    { namespace, name, body: { metadata: { labels: { [ROLE_LABEL]: role } } } },
    setHeaderOptions("Content-Type", PatchStrategy.MergePatch),
  );
}

function isReady(pod: V1Pod): boolean {
  const ready = pod.status?.conditions?.find(({ type }) => type === "Ready");
  return ready?.status === "True" && pod.metadata?.deletionTimestamp === undefined;
}
