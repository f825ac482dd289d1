import { Redis } from "ioredis";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { DoltTarget } from "../../sandbox/handle.ts";
import type { Message } from "../../sandbox/slack/messages.ts";
import type { RunningProcess } from "../../sandbox/system.ts";
import { partsUnavailable } from "../parts/build.ts";
import { Scenario } from "../support/scenario.ts";
import { untilWithin } from "../support/until.ts";
import { missingIds, Writers } from "../support/writers.ts";
import { type RealCluster, startRealCluster } from "./cluster/real-cluster.ts";

const unavailable = partsUnavailable();
const until = untilWithin(60_000);

describe.skipIf(unavailable !== null)(
  `a worker that dies in the middle${unavailable ? ` (${unavailable})` : ""}`,
  () => {
    let cluster: RealCluster;
    let target: DoltTarget;
    let scenario: Scenario;
    let writers: Writers;

    beforeAll(async () => {
      cluster = await startRealCluster();
      target = await cluster.createDoltTarget({ namespace: "shop", name: "orders", replicas: 3, databases: ["app"] });
    });

    afterAll(async () => {
      await cluster?.close();
    });

    beforeEach(async () => {
      scenario = await Scenario.prepare(cluster, target, { leaseSeconds: 5 });
      await scenario.system.startEdge();
      const { namespace } = target;
      const credentials = await scenario.credentials();
      writers = await Writers.start({
        kubeconfig: cluster.kubeconfig,
        namespace,
        database: "app",
        writers: 2,
        credentials,
        firstId: nextFirstId(),
      });
    });

    afterEach(async () => {
      const { acknowledged } = await writers.stop();
      await scenario.close();
      const [primary = ""] = await scenario.routed();
      const held = { database: "app", credentials: await scenario.credentials() };
      expect(await missingIds(await target.address(primary), held, acknowledged)).toEqual([]);
      await scenario.disconnect();
    });

    it.each(["before-demotion", "after-demotion", "before-promotion", "after-promotion"])(
      "%s: the next worker finishes it, and the thread says so",
      async (moment) => {
        const face = await dieAt(moment);

        await scenario.system.startWorker();

        await expectHandedOver(face);
      },
    );

    it("finishes although Redis was emptied, the approver has left and Slack is away; Slack hears of it when it is back", async () => {
      const face = await dieAt("before-promotion");
      const redis = new Redis(scenario.redis.url);
      await redis.flushall();
      redis.disconnect();
      scenario.slack.changePerson(scenario.slack.users.bob, { deleted: true });
      scenario.slack.fault("*", { kind: "status", status: 503 }, 1_000);

      await scenario.system.startWorker();
      await until("the lease is free again", async () => (await scenario.lease())?.holder === null);
      expect(await scenario.routed()).toHaveLength(1);
      scenario.slack.heal();

      await expectHandedOver(face);
    });

    it("finishes although Redis stays away, and tells the end when it is back", async () => {
      const face = await dieAt("after-demotion");
      const worker = await scenario.system.startWorker();
      await scenario.redis.kill();

      const [demoted = ""] = await scenario.routed();
      await until("another pod is routed", async () => {
        const routed = await scenario.routed();
        return routed.length === 1 && routed[0] !== demoted;
      });
      await until("the lease is free again", async () => (await scenario.lease())?.holder === null);
      await scenario.redis.restart();

      await expectHandedOver(face);
      expect(worker.printed).toMatch(/Redis is away/);
    });

    it("changes nothing when the used approval is put back into an emptied Redis", async () => {
      await scenario.system.startWorker();
      const face = await scenario.ask("failover orders");
      await scenario.approve(face);
      await scenario.faceReads(face, /Succeeded/);
      const routed = await scenario.routed();

      const replayed = await scenario.replayApproval(face);

      await until("the replayed request is settled", async () => {
        const state = await scenario.stateOf(replayed);
        return state === "refused" || state === "stale";
      });
      expect(await scenario.routed()).toEqual(routed);
    });

    /** Alice asks, Bob approves, and the worker dies at this moment; its lease stays behind. */
    async function dieAt(moment: string): Promise<Message> {
      const worker: RunningProcess = await scenario.system.startWorker(
        { DIE_AT: moment },
        "test/support/dying-worker.ts",
      );
      const face = await scenario.ask("failover orders");
      await scenario.approve(face);
      await worker.ended;
      expect((await scenario.lease())?.execution).not.toBeNull();
      return face;
    }

    async function expectHandedOver(face: Message): Promise<void> {
      const settled = await scenario.faceReads(face, /Succeeded/, 90_000);
      const [, primary] = /(orders-\d) is primary/.exec(settled.content) ?? [];
      expect(await scenario.routed()).toEqual([primary]);
      await scenario.slack.waitForMessage(
        (message) => message.threadTs === face.ts && /is primary/.test(message.content),
        { deadlineMs: 30_000 },
      );
      await until("the lease is free", async () => (await scenario.lease())?.holder === null);
    }
  },
);

let lastFirstId = 0;

/** Ids stay unique over all tests of the file, because they share the database. */
function nextFirstId(): number {
  lastFirstId += 10_000_000;
  return lastFirstId;
}
