import { AppsV1Api, CoreV1Api, KubeConfig } from "@kubernetes/client-node";
import { createConnection, type RowDataPacket } from "mysql2/promise";
import { ROLE_LABEL, ROOT_USER, roleService, SQL_PORT } from "../../../sandbox/dolt-manifests.ts";
import type { ClusterHandle, DoltTarget } from "../../../sandbox/handle.ts";
import { startWholeCluster } from "../../cluster/whole-cluster.ts";
import { startRealCluster } from "../../real/cluster/real-cluster.ts";
import { untilWithin } from "../../support/until.ts";
import { missingIds } from "../../support/writers.ts";
import type { Contender } from "./contenders/contender.ts";
import { doltclusterctlContender } from "./contenders/doltclusterctl.ts";
import { handoverContender } from "./contenders/handover.ts";
import { sequentialContender } from "./contenders/sequential.ts";
import { type Distribution, distributionOf } from "./distribution.ts";
import type { BenchCase } from "./options.ts";
import { WritersApart } from "./writers-apart.ts";

const namespace = "shop";
const name = "orders";
/** Under writers lag is 0.3–1 s; a contender starts from a target that is well. */
const steadyLagMs = 1_500;

export interface Measured {
  readonly contender: string;
  /** Longest time without an acknowledged write, in milliseconds; of the runs that succeeded. */
  readonly gapMs: Distribution | null;
  /** The whole command, in milliseconds. */
  readonly commandMs: Distribution | null;
  /** What those that failed printed. */
  readonly failures: readonly string[];
}

export interface BenchResult {
  readonly options: BenchCase;
  readonly measured: readonly Measured[];
  readonly acknowledgedWrites: number;
  /** Acknowledged writes that the last primary does not hold. */
  readonly lostWrites: number;
}

/** All contenders in turns, on one cluster, under the same writers. */
export async function runDoltBench(options: BenchCase, log: (line: string) => void): Promise<BenchResult> {
  const cluster = options.cluster === "whole" ? await startWholeCluster() : await startRealCluster();
  const contenders: Contender[] = [];
  let writers: WritersApart | undefined;
  try {
    const databases = Array.from({ length: options.databases }, (_, index) => (index === 0 ? "app" : `app${index}`));
    const target = await cluster.createDoltTarget({ namespace, name, replicas: options.nodes, databases });
    const kubeConfig = new KubeConfig();
    kubeConfig.loadFromString(cluster.kubeconfig);
    const credentials = { user: ROOT_USER, password: await rootPassword(kubeConfig) };
    contenders.push(...(await contendersFor(options, cluster, kubeConfig, target, credentials)));
    writers = await WritersApart.start({
      kubeconfig: cluster.kubeconfig,
      namespace,
      database: "app",
      writers: options.writers,
      credentials,
      restMs: options.restMs,
      service: options.cluster === "whole" ? await serviceAddress(kubeConfig) : null,
    });
    const measured = await takeTurns(
      options,
      contenders,
      writers,
      () => isSteady(kubeConfig, target, credentials),
      log,
    );
    const acknowledged = await writers.stop();
    const primary = await routed(kubeConfig);
    const lost = await missingIds(await target.address(primary), { credentials, database: "app" }, acknowledged);
    return { options, measured, acknowledgedWrites: acknowledged.length, lostWrites: lost.length };
  } finally {
    await writers?.close();
    for (const contender of contenders) await contender.close();
    await cluster.close();
  }
}

async function takeTurns(
  options: BenchCase,
  contenders: readonly Contender[],
  writers: WritersApart,
  steady: () => Promise<boolean>,
  log: (line: string) => void,
): Promise<Measured[]> {
  const seen = contenders.map(({ name: contender }) => ({
    contender,
    gapsMs: [] as number[],
    commandsMs: [] as number[],
    failures: [] as string[],
  }));
  for (let round = 0; round < options.rounds; round += 1) {
    for (const [place, contender] of contenders.entries()) {
      await untilWithin(180_000)("the target is well", steady);
      await writers.acknowledges(300);
      await writers.resetGap();
      const startedAtMs = performance.now();
      const notes = seen[place];
      try {
        await contender.run(options.action);
        notes?.commandsMs.push(Math.round(performance.now() - startedAtMs));
        await writers.acknowledges(20);
        const gapMs = Math.round(await writers.longestGapMs());
        notes?.gapsMs.push(gapMs);
        log(`${contender.name}: ${gapMs} ms`);
      } catch (error) {
        notes?.failures.push(error instanceof Error ? error.message : String(error));
        log(`${contender.name} failed: ${String(error)}`);
      }
    }
  }
  return seen.map(({ contender, gapsMs, commandsMs, failures }) => ({
    contender,
    gapMs: distributionOf(gapsMs),
    commandMs: distributionOf(commandsMs),
    failures,
  }));
}

async function contendersFor(
  options: BenchCase,
  cluster: ClusterHandle,
  kubeConfig: KubeConfig,
  target: DoltTarget,
  credentials: { user: string; password: string },
): Promise<Contender[]> {
  const { kubeconfig } = cluster;
  const { pods } = target;
  const found = [await handoverContender(kubeconfig, `${namespace}/${name}`)];
  if (options.action === "failover") found.push(sequentialContender({ kubeConfig, namespace, pods, credentials }));
  const { doltclusterctl: binary } = options;
  if (binary === null) return found;
  const { password } = credentials;
  return [...found, await doltclusterctlContender({ binary, kubeconfig, namespace, workload: name, password })];
}

async function isSteady(
  kubeConfig: KubeConfig,
  target: DoltTarget,
  credentials: { user: string; password: string },
): Promise<boolean> {
  const { items } = await kubeConfig.makeApiClient(CoreV1Api).listNamespacedPod({ namespace });
  const ready = items.filter((pod) =>
    pod.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True"),
  );
  if (ready.length < target.pods.length) return false;
  const address = await target.address(await routed(kubeConfig));
  const connection = await createConnection({ ...address, ...credentials });
  try {
    const [rows] = await connection.query<RowDataPacket[]>(
      "SELECT replication_lag_millis AS lagMs, current_error AS error FROM dolt_cluster.dolt_cluster_status",
    );
    return rows.every(({ lagMs, error }) => lagMs !== null && Number(lagMs) < steadyLagMs && error === null);
  } finally {
    connection.destroy();
  }
}

/** The pod that carries the primary's label. Throws unless it is exactly one. */
async function routed(kubeConfig: KubeConfig): Promise<string> {
  const labelSelector = `${ROLE_LABEL}=primary`;
  const { items } = await kubeConfig.makeApiClient(CoreV1Api).listNamespacedPod({ namespace, labelSelector });
  const [only, ...others] = items;
  if (only === undefined || others.length > 0) throw new Error(`${items.length} pods carry the primary's label`);
  return only.metadata?.name ?? "";
}

async function serviceAddress(kubeConfig: KubeConfig): Promise<{ host: string; port: number }> {
  const core = kubeConfig.makeApiClient(CoreV1Api);
  const service = await core.readNamespacedService({ namespace, name: roleService(name, "rw") });
  return { host: service.spec?.clusterIP ?? "", port: SQL_PORT };
}

async function rootPassword(kubeConfig: KubeConfig): Promise<string> {
  const { metadata } = await kubeConfig.makeApiClient(AppsV1Api).readNamespacedStatefulSet({ namespace, name });
  const secret = metadata?.annotations?.["handover.dev/credentials-secret"] ?? "";
  const { data } = await kubeConfig.makeApiClient(CoreV1Api).readNamespacedSecret({ namespace, name: secret });
  return Buffer.from(data?.password ?? "", "base64").toString("utf8");
}
