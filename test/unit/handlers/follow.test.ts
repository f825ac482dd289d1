import { beforeEach, describe, expect, it } from "vitest";
import { answerFollowing } from "../../../handlers/actions/follow.ts";
import { answerEngineCommand } from "../../../handlers/commands/engine-command.ts";
import { problem } from "../../../src/domain/errors.ts";
import type { Follows, RequestRecord } from "../../../src/domain/request.ts";
import type { Transition } from "../../../src/domain/transitions/change.ts";
import { judgeExpiry, takenBack } from "../../../src/domain/transitions/ending-early.ts";
import { planningFailed, refused } from "../../../src/domain/transitions/planning.ts";
import { alice, anEvent } from "../../support/records.ts";
import { AnEdge } from "./an-edge.ts";

let edge: AnEdge;

beforeEach(async () => {
  edge = new AnEdge();
  await edge.announce();
  await type("failover orders --to orders-1");
});

async function type(text: string) {
  const payload = { team_id: "T1", user_id: "UALICE", channel_id: "C1", trigger_id: text, text };
  await answerEngineCommand("dolt", payload, edge.services);
}

async function click(kind: Follows["kind"], over: { user?: string; ts?: string; id?: string } = {}) {
  const payload = {
    user: { id: over.user ?? "UALICE", team_id: "T1" },
    container: { channel_id: "C1", message_ts: over.ts ?? "1.0" },
    actions: [{ value: JSON.stringify({ cluster: "main", requestId: over.id ?? "r-1" }) }],
    trigger_id: `${Math.random()}`,
  };
  await answerFollowing(kind, payload, edge.services);
}

async function change(decide: (record: RequestRecord, nowMs: number) => Transition) {
  const next = decide(await request("r-1"), edge.clock.nowMs());
  if (!next.ok) throw new Error(next.problem.what);
  await edge.requests.compareAndSet(next.record, anEvent());
}

async function request(id: string): Promise<RequestRecord> {
  const found = await edge.requests.read(id);
  if (found === null) throw new Error(`there is no ${id}`);
  return found.record;
}

const fail = () =>
  change((record, nowMs) => planningFailed(record, problem("unexpected", { doing: "planning", why: "x" }), nowMs));
const refuse = async () => {
  await edge.plan("r-1");
  await change((record, nowMs) => refused({ ...record, state: "approved" }, [], nowMs));
};
const expire = async () => {
  await edge.clock.pass(3_600_000);
  await edge.announce();
  await change((record, nowMs) => ({ ok: true, record: judgeExpiry(record, nowMs) }));
};

describe("a request that came to nothing", () => {
  it.each([
    ["failed", fail, "retry", "Tried again as request r-2."],
    ["refused", refuse, "replan", "Planned anew as request r-2."],
    ["expired", expire, "replan", "Planned anew as request r-2."],
  ] as const)(
    "and %s is asked for again with one click; the two name each other",
    async (state, settle, kind, story) => {
      await settle();
      await click(kind);
      const next = await request("r-2");
      expect(next).toMatchObject({ state: "planning", follows: { requestId: "r-1", kind }, requester: alice });
      expect(next.parameters).toEqual({ to: "orders-1" });
      const before = await request("r-1");
      expect(before).toMatchObject({ state, followedBy: "r-2" });
      expect(before.story.at(-1)?.text).toBe(story);
      expect(edge.wakeUp.wakes.at(-1)).toMatchObject({ kind: "plan", requestId: "r-2" });
      expect(edge.lastTold).toContain("Recorded: request r-2");
      const face = edge.chat.sent.findLast(({ method, ts }) => method === "update" && ts === "1.0");
      expect(JSON.stringify(face?.message.blocks)).not.toContain(`handover_${kind}`);
    },
  );

  it("is followed by one request, though two people click at once", async () => {
    edge.policy = edge.policy.map((rule) => ({ ...rule, requesters: ["UALICE", "UBOB"] }));
    await fail();
    await Promise.all([click("retry"), click("retry", { user: "UBOB" })]);
    expect((await edge.requests.unsettled()).ids).toHaveLength(1);
    await click("retry", { user: "UBOB" });
    expect(edge.lastTold).toContain("took the place of request r-1 already");
    expect((await edge.requests.unsettled()).ids).toHaveLength(1);
  });

  it("is asked for by who clicked, who then cannot approve it", async () => {
    edge.policy = edge.policy.map((rule) => ({ ...rule, requesters: ["UALICE", "UBOB"] }));
    await fail();
    await click("retry", { user: "UBOB" });
    expect((await request("r-2")).requester).toMatchObject({ userId: "UBOB" });
  });

  it("keeps its time as long as that is ahead, and is asked for without it afterwards", async () => {
    await type("failover orders --to orders-2 at 23:00 UTC");
    const scheduled = await request("r-2");
    const again = async (id: string) => {
      const current = await edge.plan(id);
      const next = refused({ ...current, state: "approved" }, [], edge.clock.nowMs());
      if (next.ok) await edge.requests.compareAndSet(next.record, anEvent());
      await click("replan", { id, ts: (await edge.faces.read(id))?.ts ?? "" });
    };
    await again("r-2");
    expect((await request("r-3")).schedule).toEqual(scheduled.schedule);
    await edge.clock.pass(24 * 3_600_000);
    await edge.announce();
    await again("r-3");
    expect((await request("r-4")).schedule).toBeUndefined();
  });
});

describe("changes nothing and answers the clicker alone", () => {
  it.each<[string, () => Promise<void>, () => Promise<void>, string]>([
    ["who may not ask", fail, () => click("retry", { user: "UDAVE" }), "does not let you ask"],
    ["a click on another message", fail, () => click("retry", { ts: "9.9" }), "Use the newer message"],
    ["while it waits", async () => undefined, () => click("replan"), "nothing to plan anew or to try again"],
    [
      "when somebody took it back",
      () => change((record, nowMs) => takenBack(record, alice, nowMs)),
      () => click("retry"),
      "r-1 is withdrawn",
    ],
    [
      "when it was refused before there was a plan",
      () => change((record, nowMs) => refused(record, [], nowMs)),
      () => click("replan"),
      "r-1 is refused",
    ],
    ["for a request that is gone", fail, () => click("retry", { id: "r-404" }), "There is no request r-404"],
  ])("%s", async (_, before, act, answer) => {
    await before();
    await act();
    expect(edge.lastTold).toContain(answer);
    expect(await edge.requests.read("r-2")).toBeNull();
    expect((await request("r-1")).followedBy).toBeUndefined();
  });

  it("while no worker lives, with the line for a terminal", async () => {
    await fail();
    await edge.clock.pass(60_000);
    await click("retry");
    expect(edge.lastTold).toContain("npx handover dolt failover shop/orders --to orders-1 --reason why");
  });
});
