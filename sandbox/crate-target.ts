import { randomBytes } from "node:crypto";
import { ApiException, AppsV1Api, CoreV1Api, type KubeConfig } from "@kubernetes/client-node";
import type { CrateAccess, CrateAddress } from "../src/ports/crate-servers.ts";
import { type CrateFaults, SimulatedCrateFaults } from "./crate-faults.ts";
import { CRATE_HTTP_PORT, type CrateObjects, crateObjects, cratePods } from "./crate-manifests.ts";
import type { SimulatedCrateRuntime } from "./crate-runtime.ts";
import type { CratePace, SimulatedCrateCluster } from "./cratedb/model/cluster.ts";
import { type CrateTableSeed, seedHandoverUser, seedTable } from "./cratedb/seed.ts";
import { until } from "./dolt-replication.ts";
import type { NodeAgent } from "./node-agent/agent.ts";

/** A CrateDB cluster of simulated nodes in pods. */
export interface CrateTargetSpec {
  readonly namespace: string;
  /** Of the target and of the cluster; StatefulSets are `crate-master-NAME` and `crate-data-GROUP-NAME`. */
  readonly name: string;
  /** Dedicated masters. Default 0: the first group is master-eligible. */
  readonly masters?: number;
  /** Data nodes by group, such as `{ hot: 3 }`. */
  readonly groups: Readonly<Record<string, number>>;
  readonly tables?: readonly CrateTableSeed[];
  readonly pace?: Partial<CratePace>;
  /** Size of each node's disk. Default 100 GiB. */
  readonly diskBytes?: number;
  /** Default 6.4.1. */
  readonly version?: string;
  /** Of every StatefulSet, beside those that make it a target. */
  readonly annotations?: Readonly<Record<string, string>>;
  /** `handover` (default): a user with just the rights that are needed, in a Secret. `crate`: the super user. */
  readonly login?: "handover" | "crate";
  /** Attributes of a group's nodes: `{ hot: { zone: "a" } }`. */
  readonly attributes?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** More `-C` arguments of every node. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Default OnDelete, as crate-operator has it. */
  readonly updateStrategy?: "OnDelete" | "RollingUpdate";
  /** Where the start-up arguments stand; Helm charts have them in `args`. Default `command`. */
  readonly argumentsIn?: "command" | "args";
  readonly gracePeriodSeconds?: number;
  /** Whether the pods have crate-operator's hooks (dc_util). Default false. */
  readonly dcUtil?: boolean;
}

export interface CrateTarget {
  readonly namespace: string;
  readonly name: string;
  /** Of the beginning, masters first. */
  readonly pods: readonly string[];
  /** The simulated cluster itself, to look at and to change behind everybody's back. */
  readonly cluster: SimulatedCrateCluster;
  /** The super user's. */
  readonly access: CrateAccess;
  /** HTTP endpoints of the pods that have an address now. */
  addresses(): Promise<CrateAddress[]>;
  readonly faults: CrateFaults;
}

/** The node that runs the pods, and the API that it is known to. */
export interface CratePodNode {
  readonly kubeConfig: KubeConfig;
  readonly agent: NodeAgent;
  readonly runtime: SimulatedCrateRuntime;
}

/** Nodes are ready in well under a second; this is for a machine that does something else meanwhile. */
const bringUpDeadlineMs = 30_000;

/** While it stands on a StatefulSet, dc_util leaves the allocation alone. */
const ownerLabel = "dc-util-routing-owner";

export async function createCrateTarget(spec: CrateTargetSpec, node: CratePodNode): Promise<CrateTarget> {
  const { namespace, name } = spec;
  const { kubeConfig, agent, runtime } = node;
  const login =
    spec.login === "crate" ? null : { username: "handover", password: randomBytes(12).toString("base64url") };
  const objects = crateObjects(spec, login);
  const { pace, diskBytes } = spec;
  const cluster = runtime.prepare(
    namespace,
    { name, ...(pace === undefined ? {} : { pace }), ...(diskBytes === undefined ? {} : { diskBytes }) },
    () => isRoutingOwned(kubeConfig, objects),
  );
  if (login !== null) seedHandoverUser(cluster, login.username, login.password);
  await createObjects(kubeConfig, objects);
  const pods = cratePods(spec);
  await until(
    () => `${pods.length} nodes of ${namespace}/${name} are a cluster; it has ${cluster.members.size}`,
    AbortSignal.timeout(bringUpDeadlineMs),
    async () => {
      cluster.advance();
      return cluster.masterId !== null && cluster.members.size === pods.length;
    },
  );
  for (const table of spec.tables ?? []) seedTable(cluster, table);
  return {
    namespace,
    name,
    pods,
    cluster,
    access: { username: "crate", password: "", source: "the sandbox", connectBy: "ip", tls: null },
    addresses: () => addresses(kubeConfig, spec),
    faults: new SimulatedCrateFaults({ namespace, agent, cluster, pods: () => podNames(kubeConfig, spec) }),
  };
}

async function createObjects(kubeConfig: KubeConfig, objects: CrateObjects): Promise<void> {
  const core = kubeConfig.makeApiClient(CoreV1Api);
  const namespace = objects.namespace.metadata?.name ?? "default";
  await core.createNamespace({ body: objects.namespace }).catch(unlessItExists);
  if (objects.secret !== null) await core.createNamespacedSecret({ namespace, body: objects.secret });
  for (const body of objects.services) await core.createNamespacedService({ namespace, body }).catch(unlessItExists);
  const apps = kubeConfig.makeApiClient(AppsV1Api);
  for (const body of objects.statefulSets) await apps.createNamespacedStatefulSet({ namespace, body });
}

async function isRoutingOwned(kubeConfig: KubeConfig, { statefulSets }: CrateObjects): Promise<boolean> {
  const apps = kubeConfig.makeApiClient(AppsV1Api);
  const read = statefulSets.map(({ metadata }) =>
    apps.readNamespacedStatefulSet({ namespace: metadata?.namespace ?? "", name: metadata?.name ?? "" }),
  );
  return (await Promise.all(read)).some(
    ({ metadata }) => metadata?.labels?.[ownerLabel]?.startsWith("operator-") === true,
  );
}

async function addresses(kubeConfig: KubeConfig, spec: CrateTargetSpec): Promise<CrateAddress[]> {
  const items = await podsOf(kubeConfig, spec);
  return items.flatMap(({ metadata, status }) =>
    status?.podIP === undefined ? [] : [{ name: metadata?.name ?? "", host: status.podIP, port: CRATE_HTTP_PORT }],
  );
}

async function podNames(kubeConfig: KubeConfig, spec: CrateTargetSpec): Promise<string[]> {
  return (await podsOf(kubeConfig, spec)).map(({ metadata }) => metadata?.name ?? "");
}

async function podsOf(kubeConfig: KubeConfig, { namespace, name }: CrateTargetSpec) {
  const core = kubeConfig.makeApiClient(CoreV1Api);
  const { items } = await core.listNamespacedPod({ namespace, labelSelector: `app.kubernetes.io/name=${name}` });
  return items;
}

function unlessItExists(error: unknown): void {
  if (!(error instanceof ApiException && error.code === 409)) throw error;
}
