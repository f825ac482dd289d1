import { CoreV1Api, KubeConfig } from "@kubernetes/client-node";
import type { Connection, ResultSetHeader } from "mysql2/promise";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { promoteSuite } from "../integration/dolt-promote/promote.suite.ts";
import { PromoteBench } from "../integration/dolt-promote/support/promote-bench.ts";
import { partsUnavailable } from "../parts/build.ts";
import { Scenario } from "../support/scenario.ts";
import { type RealCluster, startRealCluster } from "./cluster/real-cluster.ts";

const unavailable = partsUnavailable();

if (unavailable === null) promoteSuite("real servers", startRealCluster);

describe.skipIf(unavailable !== null)(`a promotion on real parts${unavailable ? ` (${unavailable})` : ""}`, () => {
  let cluster: RealCluster;

  beforeAll(async () => {
    cluster = await startRealCluster();
  });

  afterAll(async () => {
    await cluster?.close();
  });

  it.each([1, 2, 3])(
    "keeps what was acknowledged under an ack time-out without warning 3024, when the primary is killed under writers (%i)",
    async (round) => {
      const bench = await PromoteBench.start(cluster, `acked${round}`);
      try {
        const old = bench.pod(0);
        await bench.sql(old, "SET GLOBAL dolt_cluster_ack_writes_timeout_secs = 10");
        const writers = await AckedWriters.start(bench, old, 4);
        await writers.acknowledges(40);
        await bench.end(old);
        const sure = await writers.stop();

        const { promoted, state } = await promoteWhatCanBe(bench);

        expect(state).toBe("succeeded");
        const held = new Set(await bench.at.ids(promoted));
        expect(sure.filter((id) => !held.has(id))).toEqual([]);
        expect(await bench.at.routed()).toEqual([promoted]);
        await bench.at.write(promoted, 1);

        await bench.at.target.faults.heal();
        await bench.at.untilIs(old, { role: "standby" });
        await bench.untilHolds(old, [1, ...sure]);
      } finally {
        await bench.close();
      }
    },
  );

  it("works while the primary's pod object is missing, and takes it in as a standby when it is made anew", async () => {
    const bench = await PromoteBench.start(cluster, "missing");
    const config = new KubeConfig();
    config.loadFromString(cluster.kubeconfig);
    const core = config.makeApiClient(CoreV1Api);
    const [old, candidate] = [bench.pod(0), bench.pod(1)];
    try {
      await bench.at.write(old, 1);
      await bench.untilHolds(candidate, [1]);
      await bench.untilHolds(bench.pod(2), [1]);
      await forbidNewPods(core, "shop");
      await core.deleteNamespacedPod({ namespace: "shop", name: old, gracePeriodSeconds: 0 });
      await bench.at.until("the pod object is missing", async () => {
        const { pods } = await bench.at.workload();
        return pods[0]?.pod === null;
      });

      const { state, outcome } = await bench.run(await bench.plan({ expectedPrimary: old }));

      expect({ state, problems: outcome.problems }).toEqual({ state: "succeeded", problems: [] });
      await core.deleteNamespacedResourceQuota({ namespace: "shop", name: "none" });
      const { epoch } = await bench.at.identity(candidate);
      await bench.at.until("the old one is back as a standby", async () => {
        const identity = await bench.at.identity(old).catch(() => null);
        return identity?.role === "standby" && identity.epoch === epoch;
      });
      expect(await bench.at.routed()).toEqual([candidate]);
    } finally {
      await core.deleteNamespacedResourceQuota({ namespace: "shop", name: "none" }).catch(() => undefined);
      await bench.close();
    }
  });

  it("is asked for in Slack, accepted in the modal, and told in the thread with the name of who accepted it", async () => {
    const target = await cluster.createDoltTarget({
      namespace: "desk",
      name: "orders",
      replicas: 3,
      databases: ["app"],
    });
    const scenario = await Scenario.prepare(cluster, target);
    try {
      await scenario.start();
      await target.faults.crashLoop("orders-0", true);
      const { bob } = scenario.slack.users;
      const face = await scenario.ask("promote orders --to orders-1");
      expect(face.content).toMatch(/To be accepted by name with the approval/);
      expect(face.content).toMatch(/How many writes are lost cannot be known while orders-0 does not answer/);

      await scenario.approve(face);
      expect(await scenario.routed()).toEqual(["orders-0"]);
      await scenario.slack.submitModal(bob);
      const settled = await scenario.faceReads(face, /Succeeded/, 90_000);

      expect(settled.content).toMatch(/orders-1 is primary at epoch \d.*When orders-0 returns/);
      expect(await scenario.routed()).toEqual(["orders-1"]);
      await scenario.slack.waitForMessage(
        ({ threadTs, content }) =>
          threadTs === face.ts && /They accepted by name: Writes that only orders-0/.test(content),
        { deadlineMs: 30_000 },
      );
    } finally {
      await scenario.close();
      await scenario.disconnect();
    }
  });

  it.each(["before-promotion", "after-promotion"])(
    "is finished by the next worker when one dies %s, with the label taken and nobody labelled",
    async (moment) => {
      const namespace = `desk-${moment}`;
      const target = await cluster.createDoltTarget({ namespace, name: "orders", replicas: 3, databases: ["app"] });
      const scenario = await Scenario.prepare(cluster, target, { leaseSeconds: 5 });
      try {
        await scenario.system.startEdge();
        const worker = await scenario.system.startWorker({ DIE_AT: moment }, "test/support/dying-worker.ts");
        await target.faults.crashLoop("orders-0", true);
        const face = await scenario.ask("promote orders --to orders-1");
        await scenario.approve(face);
        await scenario.slack.submitModal(scenario.slack.users.bob);
        await worker.ended;
        expect(await scenario.routed()).toEqual([]);

        await scenario.system.startWorker();

        await scenario.faceReads(face, /Succeeded/, 120_000);
        expect(await scenario.routed()).toEqual(["orders-1"]);
      } finally {
        await scenario.close();
        await scenario.disconnect();
      }
    },
  );
});

/** Promotes what the plan finds; where that cannot be told, the first that it offers. */
async function promoteWhatCanBe(bench: PromoteBench) {
  const first = await bench.planned();
  const offered = first.kind === "refused" ? /--to (\S+)/.exec(first.problems[0]?.next ?? "")?.[1] : undefined;
  const plan = await bench.plan(offered === undefined ? {} : { to: offered });
  const promoted = /Promote (\S+) to primary/.exec(plan.steps.map(({ title }) => title).join("; "))?.[1] ?? "";
  return { promoted, ...(await bench.run(plan)) };
}

async function forbidNewPods(core: CoreV1Api, namespace: string): Promise<void> {
  const metadata = { name: "none" };
  const none = { pods: "0" };
  const quota = await core.createNamespacedResourceQuota({ namespace, body: { metadata, spec: { hard: none } } });
  // No controller of quotas runs here: what it would count is said to the API server by hand.
  const status = { hard: none, used: none };
  await core.replaceNamespacedResourceQuotaStatus({ namespace, name: "none", body: { ...quota, status } });
}

/** Writers on one server, which tell writes that were answered without a warning from the others. */
class AckedWriters {
  readonly #sure: number[] = [];
  #next = 100;
  #isStopped = false;
  #running: Promise<unknown> = Promise.resolve();
  readonly #enough: { count: number; resolve: () => void }[] = [];

  static async start(bench: PromoteBench, pod: string, count: number): Promise<AckedWriters> {
    const writers = new AckedWriters();
    const connections = await Promise.all(Array.from({ length: count }, () => bench.connect(pod)));
    writers.#running = Promise.all(connections.map((connection) => writers.#write(connection)));
    return writers;
  }

  acknowledges(count: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#enough.push({ count, resolve });
    return promise;
  }

  /** Ids that were answered OK, without warning 3024. */
  async stop(): Promise<number[]> {
    this.#isStopped = true;
    await this.#running;
    return this.#sure;
  }

  async #write(connection: Connection): Promise<void> {
    try {
      while (!this.#isStopped) {
        const id = this.#next;
        this.#next += 1;
        const [header] = await connection.query<ResultSetHeader>("INSERT INTO t VALUES (?, 'acked')", [id]);
        if (header.warningStatus === 0) this.#sure.push(id);
        for (const { count, resolve } of this.#enough) if (this.#sure.length >= count) resolve();
      }
    } catch {
      // The server was killed: whether the last one is there is not known.
    } finally {
      connection.destroy();
    }
  }
}
