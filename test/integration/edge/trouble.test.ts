import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { approveActionId } from "../../../handlers/messages/buttons.ts";
import { EdgeBench, freshName, target } from "./support/edge-bench.ts";

let bench: EdgeBench;

beforeAll(async () => {
  bench = await EdgeBench.start();
});

afterAll(async () => {
  await bench.close();
});

/** Before any heartbeat: this has to stay the first test of the file. */
describe("with no worker ever seen", () => {
  it("the person hears so at once, with the line that works without one", async () => {
    const told = await bench.dolt(bench.slack.users.alice, `failover shop/orders --reason "it's full"`);
    expect(told).toContain("No worker of cluster demo is alive (last seen: never)");
    expect(told).toContain(`npx handover dolt failover shop/orders --reason 'it'\\''s full'`);
    expect((await bench.requests.unsettled()).ids).toEqual([]);
  });
});

describe("when Slack is in trouble", () => {
  it("a request whose message Slack did not confirm is recorded all the same, and said to be", async () => {
    const name = freshName();
    await bench.announce(target(name));
    bench.slack.fault("chat.postMessage", { kind: "lostAnswer" });
    expect(await bench.dolt(bench.slack.users.alice, `failover ${name}`)).toContain("Recorded");
    expect((await bench.openRequest(name)).state).toBe("planning");
  });

  it("an approval whose message could not be redrawn is told to the approver", async () => {
    const { record, face } = await bench.awaiting();
    bench.slack.fault("chat.update", { kind: "ratelimited", retryAfterSeconds: 1 });
    expect(await bench.click(bench.slack.users.bob, face.ts, approveActionId)).toContain("is recorded");
    expect((await bench.request(record.id)).state).toBe("approved");
  });

  it("a command is answered in time while Slack hangs", async () => {
    const name = freshName();
    await bench.announce(target(name));
    bench.slack.fault("chat.postMessage", { kind: "hold" });
    try {
      expect(await bench.dolt(bench.slack.users.alice, `failover ${name}`)).toContain("Recorded");
    } finally {
      bench.slack.heal();
    }
  });
});

describe("a plan that is not the worker's", () => {
  it("is never approved: another requester put in its place is found out", async () => {
    const { record, face } = await bench.awaiting({
      requester: { teamId: bench.slack.teamId, userId: bench.slack.users.bob.id },
    });
    expect(await bench.click(bench.slack.users.carol, face.ts, approveActionId)).toContain("cannot be trusted");
    expect(await bench.request(record.id)).toEqual(record);
  });
});

/** Takes Redis away, so it has to stay the last test of the file. */
describe("when Redis is away", () => {
  it("commands and clicks are told so, and the help still helps", async () => {
    const { face } = await bench.awaiting();
    await bench.redis.kill();
    const { alice, bob } = bench.slack.users;
    expect(await bench.dolt(alice, "failover orders")).toContain("cannot reach its Redis");
    expect(await bench.dolt(alice, "help")).toContain("/dolt failover TARGET");
    expect(await bench.click(bob, face.ts, approveActionId)).toContain("cannot reach its Redis");
  });
});
