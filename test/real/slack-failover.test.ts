import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { DoltTarget } from "../../sandbox/handle.ts";
import { partsUnavailable } from "../parts/build.ts";
import { Scenario } from "../support/scenario.ts";
import { type RealCluster, startRealCluster } from "./cluster/real-cluster.ts";

const unavailable = partsUnavailable();

describe.skipIf(unavailable !== null)(
  `a failover from Slack on real parts${unavailable ? ` (${unavailable})` : ""}`,
  () => {
    let cluster: RealCluster;
    let target: DoltTarget;
    let scenario: Scenario;

    beforeAll(async () => {
      cluster = await startRealCluster();
      target = await cluster.createDoltTarget({ namespace: "shop", name: "orders", replicas: 3, databases: ["app"] });
      scenario = await Scenario.prepare(cluster, target);
      await scenario.start();
    });

    afterAll(async () => {
      await scenario?.close();
      await scenario?.disconnect();
      await cluster?.close();
    });

    it("shows a plan, and after a second person's click hands the primary over, told in the thread", async () => {
      const face = await scenario.ask("failover orders --to orders-1");
      expect(face.content).toMatch(/orders-0: primary at epoch 1/);
      expect(face.content).toMatch(/Promote orders-1 to primary/);

      await scenario.approve(face);
      const settled = await scenario.faceReads(face, /Succeeded/);

      expect(settled.content).toMatch(/orders-1 is primary, orders-0 is standby/);
      expect(settled.buttons.map((button) => button.actionId)).not.toContain("handover_approve");
      expect(await scenario.routed()).toEqual(["orders-1"]);
      await scenario.slack.waitForMessage(
        (message) => message.threadTs === face.ts && /See every standby follow orders-1/.test(message.content),
        { deadlineMs: 30_000 },
      );
      expect(await scenario.thread(face)).toMatch(/Approved by .*\n[\s\S]*Demote orders-0[\s\S]*Promote orders-1/);
    });

    it("answers a question without approval", async () => {
      const face = await scenario.ask("status orders", /Answered/);

      expect(face.content).toMatch(/orders-1: primary at epoch 2/);
      expect(face.buttons.map((button) => button.actionId)).not.toContain("handover_approve");
    });
  },
);
