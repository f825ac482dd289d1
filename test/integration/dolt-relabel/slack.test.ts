import { CoreV1Api } from "@kubernetes/client-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type SandboxCluster, startSandboxCluster } from "../../../sandbox/cluster.ts";
import { Scenario } from "../../support/scenario.ts";

describe("status and relabel from Slack", () => {
  let cluster: SandboxCluster;
  let scenario: Scenario;

  beforeAll(async () => {
    cluster = await startSandboxCluster();
    const target = await cluster.createDoltTarget({
      namespace: "shop",
      name: "orders",
      replicas: 3,
      databases: ["app"],
    });
    scenario = await Scenario.prepare(cluster, target);
    await scenario.start();
  });

  afterAll(async () => {
    await scenario?.close();
    await scenario?.disconnect();
    await cluster?.close();
  });

  it("tells the line to type against a wrong label, and sets it right after a second person's click", async () => {
    const core = scenario.kubeConfig().makeApiClient(CoreV1Api);
    const body = [{ op: "replace", path: "/metadata/labels/dolthub.com~1cluster_role", value: "standby" }];
    await core.patchNamespacedPod({ namespace: "shop", name: "orders-0", body });

    const status = await scenario.ask("status orders", /Answered/);
    const plan = await scenario.ask("relabel orders");
    await scenario.approve(plan);
    const settled = await scenario.faceReads(plan, /Succeeded/);

    expect(status.content).toContain("orders-0 is primary and carries the label standby. /dolt relabel orders: ");
    expect(status.content).toContain("🔒 Must be done: No NetworkPolicy guards port 50051");
    expect(plan.content).toContain("Label of orders-0: standby → primary");
    expect(settled.content).toContain("The primary's label is on orders-0 only.");
    expect(await scenario.routed()).toEqual(["orders-0"]);
  });
});
