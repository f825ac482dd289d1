/**
 * Brings up a Dolt target on any cluster: creates its objects, waits until its servers answer, creates its databases by SQL,
 * waits until replication has caught up once, and labels the pods by their role.
 */
import {
  ApiException,
  AppsV1Api,
  CoreV1Api,
  type KubeConfig,
  PatchStrategy,
  setHeaderOptions,
  type V1Pod,
} from "@kubernetes/client-node";
import { type Connection, createConnection } from "mysql2/promise";
import {
  type DoltObjects,
  doltPods,
  POD_NAME_LABEL,
  ROLE_LABEL,
  ROOT_USER,
  replicationServices,
  SQL_PORT,
} from "./dolt-manifests.ts";
import { until, untilReplicated } from "./dolt-replication.ts";
import type { DoltTargetSpec } from "./handle.ts";

const CONNECT_TIMEOUT_MS = 5_000;

export interface BringUp {
  readonly kubeConfig: KubeConfig;
  readonly spec: DoltTargetSpec;
  readonly objects: DoltObjects;
  readonly rootPassword: string;
  /** Ends the wait; the error names what was waited for. */
  readonly signal: AbortSignal;
}

export async function bringUpDoltTarget(bringUp: BringUp): Promise<void> {
  const { kubeConfig, spec, objects } = bringUp;
  await createObjects(kubeConfig, objects);
  const pods = doltPods(spec);
  await Promise.all(pods.map((pod) => untilReady(bringUp, pod)));
  const [primary, ...standbys] = await Promise.all(pods.map((pod) => connectTo(bringUp, pod)));
  try {
    if (primary !== undefined) {
      await createDatabases(primary, spec.databases);
      await untilReplicated(primary, standbys, spec, bringUp.signal);
    }
  } finally {
    await Promise.all([primary, ...standbys].map((connection) => connection?.end()));
  }
  if (spec.labelled ?? true) {
    await Promise.all(pods.map((pod, index) => labelRole(kubeConfig, spec.namespace, pod, index === 0)));
  }
}

/** Where a pod's SQL port is reached from this process. Throws when the pod has no address. */
export async function podAddress(
  kubeConfig: KubeConfig,
  namespace: string,
  pod: string,
  port = SQL_PORT,
): Promise<{ host: string; port: number }> {
  const { status } = await kubeConfig.makeApiClient(CoreV1Api).readNamespacedPod({ namespace, name: pod });
  if (status?.podIP === undefined) {
    throw new Error(`pod ${namespace}/${pod} has no address (phase ${status?.phase ?? "unknown"})`);
  }
  return { host: status.podIP, port };
}

async function createObjects(kubeConfig: KubeConfig, objects: DoltObjects): Promise<void> {
  const core = kubeConfig.makeApiClient(CoreV1Api);
  const namespace = objects.statefulSet.metadata?.namespace ?? "default";
  await core.createNamespace({ body: objects.namespace }).catch(unlessItExists);
  await core.createNamespacedSecret({ namespace, body: objects.secret });
  await core.createNamespacedConfigMap({ namespace, body: objects.configMap });
  for (const service of objects.services) {
    await core.createNamespacedService({ namespace, body: service }).catch(unlessItExists);
  }
  await kubeConfig.makeApiClient(AppsV1Api).createNamespacedStatefulSet({ namespace, body: objects.statefulSet });
}

/** Creates the pods' own Services before anything else, for whose configuration names their addresses; resolves to those, by pod. */
export async function createReplicationServices(
  kubeConfig: KubeConfig,
  spec: DoltTargetSpec,
): Promise<Map<string, string>> {
  const core = kubeConfig.makeApiClient(CoreV1Api);
  const { namespace } = spec;
  await core.createNamespace({ body: { metadata: { name: namespace } } }).catch(unlessItExists);
  const created = replicationServices(spec).map(async (body) => {
    const service = await core.createNamespacedService({ namespace, body });
    return [service.spec?.selector?.[POD_NAME_LABEL] ?? "", service.spec?.clusterIP ?? ""] as const;
  });
  return new Map(await Promise.all(created));
}

function unlessItExists(error: unknown): void {
  if (!(error instanceof ApiException && error.code === 409)) throw error;
}

async function untilReady({ kubeConfig, spec, signal }: BringUp, name: string): Promise<void> {
  const core = kubeConfig.makeApiClient(CoreV1Api);
  let state = "it does not exist";
  await until(
    () => `pod ${spec.namespace}/${name} is ready; last seen: ${state}`,
    signal,
    async () => {
      const pod = await readPod(core, spec.namespace, name);
      state = JSON.stringify(pod?.status ?? null);
      return pod?.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") ?? false;
    },
  );
}

/** Undefined while the controller has not made it yet. */
async function readPod(core: CoreV1Api, namespace: string, name: string): Promise<V1Pod | undefined> {
  try {
    return await core.readNamespacedPod({ namespace, name });
  } catch (error) {
    if (error instanceof ApiException && error.code === 404) {
      return undefined;
    }
    throw error;
  }
}

async function connectTo(bringUp: BringUp, pod: string): Promise<Connection> {
  const { spec, rootPassword: password } = bringUp;
  const address = await podAddress(bringUp.kubeConfig, spec.namespace, pod, spec.sqlPort);
  // Whether certificates are good is for those to find out who use the target.
  const ssl = spec.tls === undefined ? {} : { ssl: { rejectUnauthorized: false } };
  return createConnection({ ...address, ...ssl, user: ROOT_USER, password, connectTimeout: CONNECT_TIMEOUT_MS });
}

async function createDatabases(primary: Connection, databases: readonly string[]): Promise<void> {
  for (const database of databases) {
    await primary.query("CREATE DATABASE IF NOT EXISTS ??", [database]);
    await primary.query("CREATE TABLE IF NOT EXISTS ??.t (id BIGINT PRIMARY KEY, v TEXT)", [database]);
  }
}

async function labelRole(kubeConfig: KubeConfig, namespace: string, name: string, primary: boolean): Promise<void> {
  await kubeConfig
    .makeApiClient(CoreV1Api)
    .patchNamespacedPod(
      { namespace, name, body: { metadata: { labels: { [ROLE_LABEL]: primary ? "primary" : "standby" } } } },
      setHeaderOptions("Content-Type", PatchStrategy.MergePatch),
    );
}
