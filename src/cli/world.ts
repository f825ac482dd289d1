import { randomBytes, randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { systemClock } from "../adapters/clock.ts";
import { HttpCrateServers } from "../adapters/cratedb/crate-servers.ts";
import { MysqlDoltServers } from "../adapters/dolt/dolt-servers.ts";
import { KubernetesApi } from "../adapters/kubernetes/api.ts";
import { KubernetesCrateClusters } from "../adapters/kubernetes/crate-clusters.ts";
import { KubernetesIdentity } from "../adapters/kubernetes/identity.ts";
import { loadKubeConfig } from "../adapters/kubernetes/load-kube-config.ts";
import { KubernetesTargetLeases } from "../adapters/kubernetes/target-leases.ts";
import { KubernetesWorkloads, type Namespaces, type UnannouncedWorkload } from "../adapters/kubernetes/workloads.ts";
import type { Operation } from "../operations/operation.ts";
import { operationNamed } from "../operations/registry.ts";
import type { Clock } from "../ports/clock.ts";
import type { CrateClusters } from "../ports/crate-clusters.ts";
import type { CrateServers } from "../ports/crate-servers.ts";
import type { DoltServers } from "../ports/dolt-servers.ts";
import type { Identity, TargetLeases, Workloads } from "../ports/workloads.ts";
import { type GivenPolicy, givenPolicy } from "./break-glass.ts";
import { accessGiven, crateAccessGiven, type TypedConnection } from "./connection.ts";

/** What the command line works with, each behind its port, so that tests stand in for the cluster and nothing else. */
export interface World {
  /** Name of the cluster, as the kubeconfig has it: for people and the record. */
  readonly cluster: string;
  /** Where a target named without a namespace is looked for when all of them may not be listed. */
  readonly homeNamespace: string;
  workloads(namespaces: Namespaces): Workloads;
  /** Workloads that are no targets; see `KubernetesWorkloads.unannounced`. */
  unannounced(namespaces: Namespaces, signal: AbortSignal): Promise<UnannouncedWorkload[]>;
  readonly leases: TargetLeases;
  readonly identity: Identity;
  /** Null: this command line was given no configuration. */
  readonly policy: GivenPolicy | null;
  readonly dolt: DoltServers;
  readonly crate: CrateServers;
  readonly crateClusters: CrateClusters;
  readonly clock: Clock;
  readonly operationNamed: (name: string) => Operation | null;
  /** Unique to this process: the holder of its leases. */
  readonly holder: string;
  readonly newId: () => string;
  close(): Promise<void>;
}

export interface WorldSource {
  readonly kubeconfig: string | null;
  readonly context: string | null;
  readonly connection: TypedConnection;
}

/** The cluster of a kubeconfig, or the one this process runs in. Throws HandoverError when neither can be read. */
export function connectWorld(source: WorldSource): World {
  const access = accessGiven(source.connection, process.env);
  const kubeConfig = loadKubeConfig({
    ...(source.kubeconfig === null ? {} : { file: source.kubeconfig }),
    ...(source.context === null ? {} : { context: source.context }),
  });
  const api = new KubernetesApi(kubeConfig);
  const cluster = kubeConfig.getCurrentCluster()?.name ?? "unnamed";
  const homeNamespace = kubeConfig.getContextObject(kubeConfig.getCurrentContext())?.namespace ?? "default";
  const workloads = (namespaces: Namespaces) => new KubernetesWorkloads(api, { cluster, namespaces, access });
  return {
    cluster,
    homeNamespace,
    workloads,
    unannounced: (namespaces, signal) => workloads(namespaces).unannounced(signal),
    leases: new KubernetesTargetLeases(api, { namespaces: [] }),
    identity: new KubernetesIdentity(api),
    policy: givenPolicy(process.env),
    dolt: new MysqlDoltServers(),
    crate: new HttpCrateServers(),
    crateClusters: new KubernetesCrateClusters(api, { access: crateAccessGiven(source.connection, process.env) }),
    clock: systemClock,
    operationNamed,
    holder: `npx-handover/${hostname()}/${randomBytes(4).toString("hex")}`,
    newId: randomUUID,
    close: () => api.close(),
  };
}
