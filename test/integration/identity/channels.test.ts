import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { approveActionId, denyActionId } from "../../../handlers/messages/buttons.ts";
import type { Channel } from "../../../sandbox/slack/people.ts";
import { readAudit } from "../../../src/adapters/redis/audit-chain.ts";
import { RedisChannels } from "../../../src/adapters/redis/channels.ts";
import { connectRedis, type RedisConnection } from "../../../src/adapters/redis/connection.ts";
import { ClusterKeys } from "../../../src/adapters/redis/keys.ts";
import { cluster, EdgeBench, freshName, target } from "../edge/support/edge-bench.ts";

const keys = new ClusterKeys(cluster);
let bench: EdgeBench;
let redis: RedisConnection;

beforeAll(async () => {
  bench = await EdgeBench.start();
  redis = connectRedis(bench.redis.url, { role: "worker" });
});
afterAll(async () => {
  await redis?.close();
  await bench?.close();
});
beforeEach(async () => {
  bench.slack.heal();
  await redis.run((client) => client.del(keys.channels));
});

/** Types a failover of a new target in this channel. */
async function ask(channel: Channel) {
  const name = freshName();
  await bench.announce(target(name));
  const told = await bench.dolt(bench.slack.users.alice, `failover ${name}`, channel);
  return { name, told, requests: await bench.openRequests(name) };
}

async function lastAudit() {
  let last: unknown = null;
  for await (const entry of readAudit(redis, keys)) last = JSON.parse(entry.event);
  return last;
}

describe("a command in a channel", () => {
  it("that another organisation reads shows nothing there, and is told and on record", async () => {
    const { supplier } = bench.slack.channels;
    const { told, requests } = await ask(supplier);
    expect(told).toContain("People of another organisation read this channel");
    expect(told).toContain(`slack.sharedChannels in handover.yaml name this one (${supplier.id})`);
    expect(requests).toEqual([]);
    expect(await bench.slack.messages(supplier)).toEqual([]);
    expect(await lastAudit()).toMatchObject({
      kind: "request_refused",
      by: { userId: bench.slack.users.alice.id },
      facts: { channel: supplier.id, problem: "channel_shared" },
    });
  });

  it("that another organisation was invited to is refused too", async () => {
    const { incidents } = bench.slack.channels;
    bench.slack.changeChannel(incidents, { isPendingExtShared: true });
    const { told, requests } = await ask(incidents);
    expect(told).toContain("or are invited to");
    expect(requests).toEqual([]);
    bench.slack.changeChannel(incidents, { isPendingExtShared: false });
    expect((await ask(incidents)).requests).toHaveLength(1);
  });

  it("is looked at once, and known from then on", async () => {
    const { incidents } = bench.slack.channels;
    const before = bench.slack.calls("conversations.info").length;
    expect((await ask(incidents)).told).toContain("Recorded");
    expect((await ask(incidents)).told).toContain("Recorded");
    expect(bench.slack.calls("conversations.info").length - before).toBe(1);
  });

  it("is refused when Slack does not say who reads it", async () => {
    const { incidents } = bench.slack.channels;
    for (const fault of [{ kind: "error", error: "missing_scope" }, { kind: "lostRequest" }] as const) {
      bench.slack.fault("conversations.info", fault);
      const { told, requests } = await ask(incidents);
      expect(told).toContain("did not say whether people of another organisation read this channel");
      expect(requests).toEqual([]);
    }
  });

  it.each([
    ["the app is not in", { hasBot: false }, "not_in_channel"],
    ["was archived", { isArchived: true }, "is_archived"],
  ] as const)(
    "that %s is refused before anything is recorded, and answered as soon as that is mended",
    async (_, flags, error) => {
      const { incidents } = bench.slack.channels;
      bench.slack.changeChannel(incidents, flags);
      const { told, requests } = await ask(incidents);
      expect(told).toContain(error);
      expect(told).toContain("Nothing was done.");
      expect(requests).toEqual([]);
      bench.slack.changeChannel(incidents, { hasBot: true, isArchived: false });
      expect((await ask(incidents)).requests).toHaveLength(1);
    },
  );

  it("that the app was taken out of a moment ago has its request taken back, and the person hears why", async () => {
    const { incidents } = bench.slack.channels;
    await ask(incidents);
    bench.slack.fault("chat.postMessage", { kind: "error", error: "not_in_channel" });
    const { told, requests } = await ask(incidents);
    expect(told).toContain("not_in_channel");
    expect(told).toContain("is withdrawn");
    expect(requests).toEqual([]);
  });

  it("of which the app knows nothing because it is private is told so", async () => {
    bench.slack.fault("conversations.info", { kind: "error", error: "channel_not_found" });
    const { told, requests } = await ask(bench.slack.channels.random);
    expect(told).toContain("channel_not_found");
    expect(told).toContain("/invite");
    expect(requests).toEqual([]);
  });
});

describe("the answer to a click where the app cannot post any more", () => {
  it("comes through the click's own URL, to the clicker alone", async () => {
    const { face, record } = await bench.awaiting();
    const { dave } = bench.slack.users;
    bench.slack.fault("chat.postEphemeral", { kind: "error", error: "not_in_channel" });
    const uses = bench.slack.responseUrlUses.length;
    expect(await bench.click(dave, face.ts, approveActionId)).toContain("does not name you");
    const [use, ...others] = bench.slack.responseUrlUses.slice(uses);
    expect(others).toEqual([]);
    expect(use).toMatchObject({ status: 200, body: { response_type: "ephemeral", replace_original: false } });
    expect((await bench.request(record.id)).state).toBe("awaiting_approval");
  });

  it("comes as a direct message where the click brought no URL, as a modal's submission does", async () => {
    const { face } = await bench.awaiting();
    const { bob } = bench.slack.users;
    expect(await bench.click(bob, face.ts, denyActionId)).toBe("");
    const why = { "reason/text": "not tonight" };
    await bench.slack.submitModal(bob, why);
    const posts = bench.slack.calls("chat.postMessage").length;
    bench.slack.fault("chat.postEphemeral", { kind: "error", error: "not_in_channel" });
    await bench.slack.submitModal(bob, why);
    const direct = bench.slack.calls("chat.postMessage").slice(posts);
    expect(direct).toMatchObject([{ args: { channel: bob.id, text: expect.stringContaining("settled") } }]);
  });
});

describe("what is known of a channel", () => {
  const state = { isShared: false, isArchived: false, hasApp: true };

  it("counts for five minutes", async () => {
    const known = new RedisChannels(redis, keys);
    await known.note("C1", state);
    expect(await known.read("C1")).toEqual(state);
    const [seconds, micros] = await redis.run((client) => client.time());
    const longAgoMs = Number(seconds) * 1_000 + Number(micros) / 1_000 - 5 * 60_000 - 1_000;
    await redis.run((client) => client.hset(keys.channels, "C1", `${Math.floor(longAgoMs)} ${JSON.stringify(state)}`));
    expect(await known.read("C1")).toBeNull();
    await redis.run((client) => client.hset(keys.channels, "C1", "of another version"));
    expect(await known.read("C1")).toBeNull();
  });

  it("is kept by one worker, the oldest first, without counting as asked for", async () => {
    const known = new RedisChannels(redis, keys);
    await known.note("C1", state);
    await known.note("C2", state);
    const first = await known.hold("w-1", 30_000);
    expect(await known.hold("w-2", 30_000)).toBeNull();
    await known.refresh("C1", { ...state, isShared: true });
    const second = await known.hold("w-1", 30_000);
    const notedBefore = first?.channels.find(({ channelId }) => channelId === "C1")?.notedAtMs;
    expect(second?.channels.find(({ channelId }) => channelId === "C1")?.notedAtMs).toBe(notedBefore);
    expect(await known.read("C1")).toMatchObject({ isShared: true });
    await known.refresh("C1", null);
    expect((await known.hold("w-1", 30_000))?.channels.map(({ channelId }) => channelId)).toEqual(["C2"]);
  });
});
