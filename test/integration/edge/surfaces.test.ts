import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cluster, EdgeBench, target } from "./support/edge-bench.ts";

/** What stands beside commands and clicks: forms, freezes, history, status and the Home tab. */

let bench: EdgeBench;

beforeAll(async () => {
  bench = await EdgeBench.start();
});

afterAll(() => bench?.close());

/** What a modal or a Home tab shows, as text. */
const textOf = (blocks: readonly object[]) => JSON.stringify(blocks);

describe("a command without words", () => {
  it("opens a form: a placeholder at once, then what the workers announced", async () => {
    await bench.announce(target("orders"), target("billing"));
    expect(await bench.dolt(bench.slack.users.alice, "")).toBe("");
    const [opened, updated] = bench.slack.calls().filter(({ method }) => method.startsWith("views."));
    expect(opened?.method).toBe("views.open");
    expect(JSON.stringify(opened?.args.view)).toContain("Looking at what there is");
    expect(updated?.answer?.ok).toBe(true);
    const shown = bench.slack.shownModal();
    const text = textOf(shown?.view.blocks ?? []);
    expect(text).toContain("failover – ");
    expect(text).toContain("billing – shop, demo");
    // Operations that no living worker knows are not offered.
    expect(text).not.toContain("promote – ");
  });

  it("asks for the operation's options, tells mistakes by field, and becomes the same request as a typed command", async () => {
    const { alice } = bench.slack.users;
    await bench.dolt(alice, "");
    await bench.slack.submitModal(alice, {
      "operation/value": { chosen: "dolt.failover" },
      "target/value": { chosen: "demo/shop/orders" },
    });
    const options = textOf(bench.slack.shownModal()?.view.blocks ?? []);
    expect(options).toContain("--to POD");
    expect(options).toContain("Needs the approval of");

    await bench.slack.submitModal(alice, { "flag-min-caught-up/value": "many", "reason/value": "node upgrade" });
    expect(bench.slack.shownModal()?.errors).toEqual({ "flag-min-caught-up": expect.stringContaining("It has to be") });
    expect(await bench.openRequests("orders")).toEqual([]);

    await bench.slack.submitModal(alice, {
      "flag-to/value": "orders-1",
      "reason/value": 'node "upgrade"\n<!channel>',
    });
    expect(textOf(bench.slack.shownModal()?.view.blocks ?? [])).toContain("Recorded: request");
    const record = await bench.openRequest("orders");
    expect(record).toMatchObject({
      operation: "dolt.failover",
      parameters: { to: "orders-1" },
      reason: 'node "upgrade"\n<!channel>',
      requester: { userId: alice.id },
    });
    expect((await bench.face(record.id)).content).toContain("failover of orders");

    const again = bench.slack.deliveries.findLast(({ body }) => body.includes("view_submission"));
    if (again === undefined) throw new Error("no submission");
    await bench.slack.redeliver(again);
    expect(await bench.openRequests("orders")).toHaveLength(1);
  });

  it("takes a later time and a dry run, and tells what is no time", async () => {
    const { alice } = bench.slack.users;
    await bench.announce(target("crm"));
    await bench.dolt(alice, "");
    await bench.slack.submitModal(alice, {
      "operation/value": { chosen: "dolt.failover" },
      "target/value": { chosen: "demo/shop/crm" },
    });
    await bench.slack.submitModal(alice, { "when/value": "some day" });
    expect(Object.keys(bench.slack.shownModal()?.errors ?? {})).toEqual(["when"]);
    await bench.slack.submitModal(alice, { "when/value": "2h", "switches/value": { ticked: ["dry-run"] } });
    const record = await bench.openRequest("crm");
    expect(record.dryRun).toBe(true);
    expect((record.schedule?.startAtMs ?? 0) - record.createdAtMs).toBeGreaterThan(119 * 60_000);
  });

  it("says so when Slack opens no form", async () => {
    bench.slack.fault("views.open", { kind: "error", error: "expired_trigger_id" });
    expect(await bench.dolt(bench.slack.users.alice, "")).toContain("Slack did not show the form (expired_trigger_id)");
  });
});

describe("/handover", () => {
  const type = (user: "alice" | "bob" | "carol", text: string) =>
    bench.type(bench.slack.users[user], "/handover", text);

  it("freezes for whom the policy lets, and leaves the writing to a worker", async () => {
    await bench.announce(target("orders"));
    expect(await type("bob", 'freeze orders for 2h "load test"')).toContain("Recorded: freeze demo/shop/orders");
    expect(await bench.freezeWishes.pending()).toMatchObject([
      {
        kind: "freeze",
        reason: "load test",
        scope: { cluster, namespace: "shop", name: "orders", workload: "orders-db" },
      },
    ]);
    const [wish] = await bench.freezeWishes.pending();
    expect((wish?.untilMs ?? 0) - (wish?.atMs ?? 0)).toBe(2 * 60 * 60_000);
  });

  it("refuses whom the policy does not let, the whole cluster most of all", async () => {
    expect(await type("alice", 'freeze orders "x"')).toContain("does not let you do handover.freeze");
    expect(await type("bob", 'freeze demo "x"')).toContain(
      "does not let you do handover.freeze on all of cluster demo",
    );
    expect(await type("carol", 'freeze demo "migration"')).toContain("Recorded: freeze all of cluster demo");
  });

  it("answers a mistake with the right line to copy", async () => {
    expect(await type("bob", "freeze orders for 2h")).toContain('/handover freeze orders for 2h "why"');
    expect(await type("bob", 'freeze orders for 2 "x"')).toContain("30m, 2h or 3d are");
    expect(await type("bob", 'freeze odrers "x"')).toContain("There is no target and no cluster");
    expect(await type("bob", 'frezze orders for 2h "x"')).toContain('Did you mean: /handover freeze orders for 2h "x"');
  });

  it("tells the status and the history", async () => {
    const freezes = [
      {
        scope: { cluster, namespace: "shop", name: "billing", workload: "billing-db" },
        by: "<@UBOB>",
        reason: "audit <!here>",
        untilMs: null,
      },
      {
        scope: { cluster, namespace: "shop", name: "old", workload: "old" },
        by: "<@UBOB>",
        reason: "long past",
        untilMs: 1,
      },
    ];
    await bench.announcements.announce({
      workerId: "worker-1",
      cluster,
      version: "0.1.0",
      operations: ["dolt.failover"],
      targets: [
        target("orders"),
        target("idle"),
        { ...target("crm"), freeze: { by: "kim", reason: "by hand", untilMs: null } },
      ],
      freezes,
    });
    const status = await type("alice", "status");
    expect(status).toContain("demo");
    expect(status).toContain("worker alive");
    expect(status).toContain("audit &lt;!here&gt;");
    expect(status).toContain("by hand");
    expect(status).not.toContain("long past");
    expect(status).toContain("dolt failover of orders");

    const history = await type("alice", "history");
    expect(history).toContain("dolt failover of orders");
    expect(history).toMatch(/<http[^|]+\|dolt failover of orders>/);
    expect(await type("alice", "history orders")).toContain("dolt failover of orders");
    expect(await type("alice", "history crm")).toContain("dolt failover of crm");
    expect(await type("alice", "history idle")).toContain("Nothing was asked for");
    expect(await type("alice", "history nobody")).toContain("There is no target and no cluster");
  });

  it("lists what can be typed", async () => {
    const help = await type("alice", "help");
    for (const part of ["/handover freeze", "/handover history", "/handover status"]) expect(help).toContain(part);
  });
});

describe("the Home tab", () => {
  it("shows each person what waits for them, what runs and ran, freezes and workers", async () => {
    const { alice, bob } = bench.slack.users;
    const record = await bench.openRequest("orders");
    await bench.plan(record);
    await bench.slack.openHome(bob);
    await expect.poll(() => textOf(bench.slack.shownHome(bob) ?? [])).toContain("Waiting for you");
    const home = textOf(bench.slack.shownHome(bob) ?? []);
    expect(home).toContain("dolt failover of orders");
    expect(home).not.toContain("Nothing waits for your approval");
    expect(home).toContain("audit &lt;!here&gt;");

    await bench.slack.openHome(alice);
    await expect.poll(() => textOf(bench.slack.shownHome(alice) ?? [])).toContain("Nothing waits for your approval");
  });
});
