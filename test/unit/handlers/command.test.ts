import { beforeEach, describe, expect, it } from "vitest";
import { answerEngineCommand } from "../../../handlers/commands/engine-command.ts";
import { workerAwayAfterMs } from "../../../src/ports/request-store.ts";
import { orders } from "../../support/records.ts";
import { AnEdge } from "./an-edge.ts";

let edge: AnEdge;
let deliveries = 0;

beforeEach(() => {
  edge = new AnEdge();
});

async function type(text: string, over: Record<string, string> = {}): Promise<string> {
  deliveries += 1;
  const payload = { team_id: "T1", user_id: "UALICE", channel_id: "C1", trigger_id: `${deliveries}`, text, ...over };
  return JSON.stringify((await answerEngineCommand("dolt", payload, edge.services))?.blocks);
}

describe("a channel's default target", () => {
  beforeEach(async () => {
    edge.defaultTargets = { C1: { dolt: "shop/orders" }, C2: { cratedb: "logs" } };
    await edge.announce();
  });

  it.each(["failover", "failover --to orders-1", 'failover --reason "disk is full"'])(
    "is meant where none is named: %s",
    async (text) => {
      expect(await type(text)).toContain("Recorded");
      expect((await edge.requests.read("r-1"))?.record.target).toMatchObject({ namespace: "shop", name: "orders" });
    },
  );

  it("is not meant where one is named, in other channels, or of another engine", async () => {
    expect(await type("failover billing")).toContain("There is no target “billing” here");
    expect(await type("failover", { channel_id: "C3" })).toContain("No target was named");
    expect(await type("failover", { channel_id: "C2" })).toContain("No target was named");
    expect((await edge.requests.unsettled()).ids).toEqual([]);
  });
});

describe("a worker that fell silent", () => {
  const target = { ...orders, workload: "orders-db", runbooks: { failover: "https://runbooks.example.com/failover" } };

  it("is away after 30 s, and the answer says when it was seen, what to type and where the runbook is", async () => {
    await edge.announce([target]);
    await edge.clock.pass(workerAwayAfterMs + 1_000);
    const told = await type("failover orders --to orders-1");
    expect(told).toContain("last seen: 31 s ago");
    expect(told).toContain("npx handover dolt failover shop/orders-db --to orders-1 --reason why");
    expect(told).toContain('"url":"https://runbooks.example.com/failover"');
    expect((await edge.requests.unsettled()).ids).toEqual([]);
  });

  it("is away at once when it was told to end, unless another one lives", async () => {
    await edge.announce([target]);
    await edge.announcements.announce({ ...edge.heartbeat([target]), stopping: true });
    expect(await type("failover orders")).toContain("No worker of cluster main is alive (last seen: 0 s ago)");
    await edge.announcements.announce({ ...edge.heartbeat([target]), workerId: "w-2" });
    expect(await type("failover orders")).toContain("Recorded");
  });

  it("is not away before", async () => {
    await edge.announce([target]);
    await edge.clock.pass(workerAwayAfterMs);
    expect(await type("failover orders")).toContain("last seen 30 s ago");
  });
});

it("a worker of an older version is said not to know the operation", async () => {
  await edge.announce([orders], ["dolt.status"]);
  expect(await type("failover orders")).toContain("does not know the operation dolt.failover");
});

it("a wake-up that fails loses nothing", async () => {
  await edge.announce();
  edge.wakeUp.away = true;
  expect(await type("failover orders")).toContain("Recorded");
  expect((await edge.requests.unsettled()).ids).toEqual(["r-1"]);
});

it("the worker is woken to plan", async () => {
  await edge.announce();
  await type("failover orders");
  expect(edge.wakeUp.wakes).toEqual([{ kind: "plan", requestId: "r-1", revision: 1 }]);
});

it("what Slack escaped in the command is read as it was typed", async () => {
  await edge.announce();
  await type('failover orders --reason "lag &gt; 2 s &amp; rising"');
  expect((await edge.requests.read("r-1"))?.record.reason).toBe("lag > 2 s & rising");
});

it("a refusal by the policy is on record", async () => {
  await edge.announce();
  expect(await type("failover orders", { user_id: "UDAVE" })).toContain("does not let you ask");
  expect(edge.requests.events).toMatchObject([{ kind: "request_refused", by: { userId: "UDAVE" } }]);
});

it("a payload that is none is answered as a defect, and does nothing", async () => {
  expect(await type("failover orders", { user_id: "" })).toContain("defect of Handover");
});
