import { CoreV1Api, KubeConfig, type V1Pod } from "@kubernetes/client-node";
import { createConnection, type RowDataPacket } from "mysql2/promise";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { roleService, SQL_PORT } from "../../sandbox/dolt-manifests.ts";
import type { DoltTarget } from "../../sandbox/handle.ts";
import { Scenario } from "../support/scenario.ts";
import { missingIds, type WriterOptions, Writers } from "../support/writers.ts";
import { wholeClusterUnavailable } from "./availability.ts";
import { runCliInPod } from "./cli-pod.ts";
import { projectImage } from "./images/project-image.ts";
import { until } from "./machine/until.ts";
import { startScenarioWorker } from "./scenario-worker.ts";
import { startWholeCluster, type WholeCluster } from "./whole-cluster.ts";
import type { WorkerPod } from "./worker-pod.ts";

/** How often the same is done, for a median that says something. */
const FAILOVERS = 5;
/** At about 100 a second: more than the time that kube-proxy leaves between two changes. */
const WRITES_BETWEEN = 300;
/** Under writers lag is 0.3–1 s; more than 2 s refuses a plan. */
const STEADY_LAG_MS = 1_200;
const STEADY_DEADLINE_MS = 180_000;
const unavailable = await wholeClusterUnavailable();

describe.skipIf(unavailable !== null)(
  `a failover on the whole cluster${unavailable === null ? "" : ` (${unavailable})`}`,
  () => {
    let cluster: WholeCluster;
    let kubeConfig: KubeConfig;
    let target: DoltTarget;
    let scenario: Scenario;
    let worker: WorkerPod;
    let options: WriterOptions;

    beforeAll(async () => {
      cluster = await startWholeCluster();
      kubeConfig = new KubeConfig();
      kubeConfig.loadFromString(cluster.kubeconfig);
      await cluster.addImage(await projectImage(cluster.folder));
      target = await cluster.createDoltTarget({ namespace: "shop", name: "orders", replicas: 3, databases: ["app"] });
      scenario = await Scenario.prepare(cluster, target);
      await scenario.system.startEdge();
      worker = await startScenarioWorker(cluster, kubeConfig, scenario);
      const service = await kubeConfig
        .makeApiClient(CoreV1Api)
        .readNamespacedService({ namespace: "shop", name: roleService("orders", "rw") });
      const endpoint = { host: service.spec?.clusterIP ?? "", port: SQL_PORT };
      options = {
        kubeconfig: cluster.kubeconfig,
        namespace: "shop",
        database: "app",
        writers: 4,
        credentials: await scenario.credentials(),
        endpoint: () => endpoint,
      };
    });

    afterAll(async () => {
      await scenario?.close();
      await scenario?.disconnect();
      await cluster?.close();
    });

    it("hands over from Slack by the worker in a pod, and loses no write that came through the Service", async () => {
      const writers = await Writers.start(options);
      const gapsMs: number[] = [];
      try {
        for (let turn = 1; turn <= FAILOVERS; turn++) {
          await untilSteady();
          // kube-proxy leaves 1 s between two changes; a hand-over right after another would be measured with that one's.
          await writers.acknowledges(WRITES_BETWEEN);
          // Within a minute the same command is the same press of Enter, so no two of these are the same.
          const candidate = target.pods[turn % target.pods.length];
          const face = await scenario.ask(`failover orders --to ${candidate} --min-caught-up ${1 + (turn % 2)}`);
          writers.resetGap();
          await scenario.approve(face);
          await scenario.faceReads(face, /Succeeded/);
          await writers.acknowledges(20);
          gapsMs.push(writers.longestGapMs);
        }
      } finally {
        await writers.stop();
      }
      const { acknowledged } = await writers.stop();
      const median = gapsMs.toSorted((a, b) => a - b)[Math.floor(FAILOVERS / 2)];
      console.log(
        `through the ClusterIP Service, ${acknowledged.length} writes acknowledged; longest gaps of ${FAILOVERS} failovers: ` +
          `${gapsMs.map((gap) => gap.toFixed(0)).join(", ")} ms, median ${median?.toFixed(0)} ms`,
      );

      const [primary, ...others] = await scenario.routed();
      expect(others).toEqual([]);
      expect(await missingIds(await target.address(primary ?? ""), options, acknowledged)).toEqual([]);
      expect((await worker.pod()).status?.containerStatuses?.[0]?.restartCount).toBe(0);
    });

    it("hands over by the CLI in a pod, as the worker's account", async () => {
      const writers = await Writers.start(options);
      await untilSteady();
      const { exitCode, output } = await runCliInPod(kubeConfig, {
        namespace: "handover",
        serviceAccountName: "handover-worker",
        args: ["dolt", "failover", "shop/orders", "--reason", "a drill", "--yes"],
      }).finally(() => writers.stop());
      const { acknowledged } = await writers.stop();

      expect(exitCode, output).toBe(0);
      const [primary, ...others] = await scenario.routed();
      expect(others).toEqual([]);
      expect(await missingIds(await target.address(primary ?? ""), options, acknowledged)).toEqual([]);
    });

    /** A hand-over is planned for a healthy target: on a busy machine standbys need their time after the one before. */
    async function untilSteady(): Promise<void> {
      const core = kubeConfig.makeApiClient(CoreV1Api);
      await until(
        async () => {
          const [primary] = await scenario.routed();
          const pods = await Promise.all(
            target.pods.map((name) => core.readNamespacedPod({ namespace: "shop", name })),
          );
          const lagMs = await longestLagMs({ ...(await target.address(primary ?? "")), ...options.credentials });
          return pods.every(isReady) && lagMs !== null && lagMs < STEADY_LAG_MS ? true : null;
        },
        { what: "every pod is ready, and every standby is close behind", deadlineMs: STEADY_DEADLINE_MS },
      );
    }
  },
);

function isReady(pod: V1Pod): boolean {
  return pod.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") ?? false;
}

/** Of all standbys and databases, as the primary says; null while it does not know one of them. */
async function longestLagMs(address: {
  host: string;
  port: number;
  user: string;
  password: string;
}): Promise<number | null> {
  const connection = await createConnection(address);
  try {
    const [rows] = await connection.query<RowDataPacket[]>(
      "SELECT replication_lag_millis AS lagMs FROM dolt_cluster.dolt_cluster_status",
    );
    return rows.some(({ lagMs }) => lagMs === null) ? null : Math.max(...rows.map(({ lagMs }) => Number(lagMs)));
  } finally {
    connection.destroy();
  }
}
