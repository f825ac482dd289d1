import { AppsV1Api, CoreV1Api, KubeConfig } from "@kubernetes/client-node";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { roleService, SQL_PORT } from "../../sandbox/dolt-manifests.ts";
import type { Plan } from "../../src/domain/plan.ts";
import type { SafePoints } from "../../src/execution/safe-point.ts";
import { restartOperation } from "../../src/operations/dolt/restart.ts";
import { FailoverBench } from "../integration/dolt-failover/support/failover-bench.ts";
import { missingIds, Writers } from "../support/writers.ts";
import { wholeClusterUnavailable } from "./availability.ts";
import { until } from "./machine/until.ts";
import { startWholeCluster, type WholeCluster } from "./whole-cluster.ts";

const STEADY_DEADLINE_MS = 180_000;
const unavailable = await wholeClusterUnavailable();

describe.skipIf(unavailable !== null)(
  `a rolling restart on the whole cluster${unavailable === null ? "" : ` (${unavailable})`}`,
  () => {
    let cluster: WholeCluster;
    let bench: FailoverBench;

    beforeAll(async () => {
      cluster = await startWholeCluster();
    });

    afterEach(async () => {
      await bench?.close();
      // Three more servers would have to share the machine with the next test's.
      const kubeConfig = new KubeConfig();
      kubeConfig.loadFromString(cluster.kubeconfig);
      await kubeConfig
        .makeApiClient(AppsV1Api)
        .deleteNamespacedStatefulSet({ namespace: "shop", name: bench.target.name });
    });

    afterAll(async () => {
      await cluster?.close();
    });

    it("finds a pod by its own Service again, with four writers through the Service of the primary", async () => {
      bench = await FailoverBench.start(cluster, "orders", { operation: restartOperation });
      await restartUnderWriters("own Services", 20);
    });

    it("waits until a headless name leads to the new address, and succeeds too", async () => {
      bench = await FailoverBench.start(cluster, "billing", {
        operation: restartOperation,
        replicatesThrough: "headless",
      });
      // This one is about whether it waits, not about the gap: writers that leave the machine to the servers do.
      await restartUnderWriters("the headless name", 100);
    });

    async function restartUnderWriters(through: string, restMs: number): Promise<void> {
      const { username: user, password } = await bench.credentials();
      const options = { database: "app", credentials: { user, password } };
      const writers = await Writers.start({
        ...options,
        kubeconfig: cluster.kubeconfig,
        namespace: "shop",
        writers: 4,
        restMs,
        endpoint: await primaryService(),
      });
      const gapsMs: number[] = [];
      const startMs = performance.now();
      try {
        const plan = await planOnceSteady();
        const { state, outcome, steps } = await bench.run(plan, {}, false, tellingGaps(writers, gapsMs));
        await writers.acknowledges(50);
        gapsMs.push(writers.longestGapMs);
        console.log(steps.map(({ id, note }) => `${id}: ${note ?? ""}`).join("\n"));
        expect({ state, problems: outcome.problems }).toEqual({ state: "succeeded", problems: [] });
      } finally {
        await writers.stop();
      }
      const { acknowledged } = await writers.stop();
      console.log(
        `a rolling restart through ${through}: ${((performance.now() - startMs) / 1_000).toFixed(1)} s, ` +
          `${acknowledged.length} writes acknowledged, longest gaps between its safe points: ` +
          `${gapsMs.map((gap) => gap.toFixed(0)).join(", ")} ms`,
      );
      const [primary = ""] = await bench.routed();
      expect(primary).not.toBe(bench.pod(0));
      expect(await missingIds(await bench.target.address(primary), options, acknowledged)).toEqual([]);
    }

    /** A restart is planned for a healthy target: on a busy machine replication needs its time after the writers' start. */
    async function planOnceSteady(): Promise<Plan> {
      return await until(
        async () => {
          const result = await bench.planned();
          if (result.kind === "plan") return await bench.plan();
          console.log(result.problems.map(({ what }) => what).join(" "));
          return null;
        },
        { what: "the target is fit for a restart", deadlineMs: STEADY_DEADLINE_MS },
      );
    }

    async function primaryService() {
      const kubeConfig = new KubeConfig();
      kubeConfig.loadFromString(cluster.kubeconfig);
      const name = roleService(bench.target.name, "rw");
      const service = await kubeConfig.makeApiClient(CoreV1Api).readNamespacedService({ namespace: "shop", name });
      const endpoint = { host: service.spec?.clusterIP ?? "", port: SQL_PORT };
      return () => endpoint;
    }
  },
);

/** Notes at each safe point the longest gap since the one before. */
function tellingGaps(writers: Writers, gapsMs: number[]): SafePoints {
  return {
    isHeld: () => false,
    pauseOnRecord: () => null,
    wish: async () => {
      gapsMs.push(writers.longestGapMs);
      writers.resetGap();
      return { kind: "go_on" };
    },
    hold: async () => undefined,
    goOn: async () => undefined,
  };
}
