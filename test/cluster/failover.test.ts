import { CoreV1Api, KubeConfig } from "@kubernetes/client-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { roleService, SQL_PORT } from "../../sandbox/dolt-manifests.ts";
import type { DoltTarget } from "../../sandbox/handle.ts";
import { Scenario } from "../support/scenario.ts";
import { missingIds, type WriterOptions, Writers } from "../support/writers.ts";
import { wholeClusterUnavailable } from "./availability.ts";
import { runCliInPod } from "./cli-pod.ts";
import { projectImage } from "./images/project-image.ts";
import { startScenarioWorker } from "./scenario-worker.ts";
import { startWholeCluster, type WholeCluster } from "./whole-cluster.ts";
import type { WorkerPod } from "./worker-pod.ts";

/** How often the same is done, for a median that says something. */
const FAILOVERS = 5;
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
          const face = await scenario.ask("failover orders");
          writers.resetGap();
          await scenario.approve(face);
          await scenario.faceReads(face, /Succeeded/);
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
      const { exitCode, output } = await runCliInPod(kubeConfig, {
        namespace: "handover",
        serviceAccountName: "handover-worker",
        args: ["dolt", "failover", "shop/orders", "--reason", "a drill", "--yes"],
      });
      const { acknowledged } = await writers.stop();

      expect(exitCode, output).toBe(0);
      const [primary, ...others] = await scenario.routed();
      expect(others).toEqual([]);
      expect(await missingIds(await target.address(primary ?? ""), options, acknowledged)).toEqual([]);
    });
  },
);
