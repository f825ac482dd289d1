import { beforeEach, describe, expect, it } from "vitest";
import { answerClick } from "../../../handlers/actions/answer-click.ts";
import type { Decision } from "../../../handlers/actions/decide.ts";
import { answerEngineCommand } from "../../../handlers/commands/engine-command.ts";
import type { RequestRecord } from "../../../src/domain/request.ts";
import { shownPlan } from "../../../src/domain/transitions/reading.ts";
import { anEvent, unverified } from "../../support/records.ts";
import { AnEdge } from "./an-edge.ts";

let edge: AnEdge;
let record: RequestRecord;

beforeEach(async () => {
  edge = new AnEdge();
  await edge.announce();
  const payload = { team_id: "T1", user_id: "UALICE", channel_id: "C1", trigger_id: "1", text: "failover orders" };
  await answerEngineCommand("dolt", payload, edge.services);
  record = await edge.plan("r-1");
});

async function click(decision: Decision, over: { user?: string; team?: string; value?: object; ts?: string } = {}) {
  const fingerprint = shownPlan(record)?.fingerprint;
  const value = { cluster: "main", requestId: "r-1", fingerprint, ...over.value };
  const payload = {
    user: { id: over.user ?? "UBOB", team_id: over.team ?? "T1" },
    team: { id: "T1" },
    container: { channel_id: "C1", message_ts: over.ts ?? "1.0" },
    actions: [{ value: JSON.stringify(value) }],
  };
  await answerClick(decision, payload, edge.services);
}

const now = async () => (await edge.requests.read("r-1"))?.record;

it("an approval wakes the worker to execute, and the message says it", async () => {
  await click("approve");
  expect(await now()).toMatchObject({ state: "approved" });
  expect(edge.wakeUp.wakes.at(-1)).toEqual({ kind: "execute", requestId: "r-1", revision: 3 });
  expect(edge.chat.story).not.toContain("ephemeral ");
});

it("with two approvals wanted, one person counts once and nobody is woken before the second", async () => {
  edge = new AnEdge();
  edge.policy = edge.policy.map((rule) => ({ ...rule, approvals: 2 }));
  await edge.announce();
  const payload = { team_id: "T1", user_id: "UALICE", channel_id: "C1", trigger_id: "1", text: "failover orders" };
  await answerEngineCommand("dolt", payload, edge.services);
  record = await edge.plan("r-1");
  await click("approve");
  await click("approve");
  expect(edge.lastTold).toContain("one person counts once");
  expect(await now()).toMatchObject({ state: "awaiting_approval" });
  expect(edge.wakeUp.wakes.map(({ kind }) => kind)).toEqual(["plan"]);
  await click("approve", { user: "UCAROL" });
  expect(await now()).toMatchObject({ state: "approved" });
});

it("two people at the same moment both count once: the later one judges the record anew", async () => {
  await Promise.all([click("approve"), click("approve", { user: "UCAROL" })]);
  expect((await now())?.approvals).toHaveLength(1);
  expect(edge.lastTold).toContain("nothing to approve or deny");
});

it("a request whose time is over is expired by the click that comes too late", async () => {
  await edge.clock.pass(15 * 60_000);
  await click("approve");
  expect(await now()).toMatchObject({ state: "expired" });
  expect(edge.lastTold).toContain("not settled, or not begun, within 15 min");
  expect(edge.requests.events.map(({ kind }) => kind)).toContain("expired");
});

describe("refused, told, and on record", () => {
  it.each<[string, Parameters<typeof click>[1], string]>([
    ["by the requester", { user: "UALICE" }, "You asked for this"],
    ["by somebody not named", { user: "UDAVE" }, "does not name you as an approver"],
    ["on a button of another plan", { value: { fingerprint: "0".repeat(64) } }, "belongs to another plan"],
    ["on another message", { ts: "9.9" }, "Use the newer message"],
  ])("%s", async (_, over, answer) => {
    await click("approve", over);
    expect(edge.lastTold).toContain(answer);
    expect(await now()).toEqual(record);
    expect(edge.requests.events.at(-1)).toMatchObject({ kind: "click_refused", requestId: "r-1" });
  });

  it("by somebody who was not an approver when it was asked for", async () => {
    edge.policy = edge.policy.map((rule) => ({ ...rule, approvers: [...(rule.approvers ?? []), "UERIN"] }));
    await click("approve", { user: "UERIN" });
    expect(edge.lastTold).toContain("who joins afterwards cannot approve it");
  });

  it("by somebody who is not an approver any more", async () => {
    edge.policy = edge.policy.map((rule) => ({ ...rule, approvers: ["UCAROL"] }));
    await click("approve");
    expect(edge.lastTold).toContain("does not name you as an approver");
  });

  it("by an account that is not trusted", async () => {
    edge.objection = "it is deactivated";
    await click("approve");
    expect(edge.lastTold).toContain("it is deactivated");
    expect(await now()).toEqual(record);
  });

  it("with a plan that the worker did not sign", async () => {
    const plan = shownPlan(record);
    if (plan === null) throw new Error("there is no plan");
    const forged = { ...record, revision: record.revision + 1, plan: unverified(plan) };
    await edge.requests.compareAndSet(forged, anEvent());
    await click("approve");
    expect(edge.lastTold).toContain("not signed by this cluster's key");
    expect((await now())?.approvals).toEqual([]);
  });
});

it.each([
  ["of another workspace", { team: "T2" }, "another workspace"],
  ["on a button of an unknown cluster", { value: { cluster: "gone" } }, "There is no request r-1 any more"],
  ["on a button of no known shape", { value: { more: 1 } }, "There is no request"],
])("a click %s changes nothing, and is told", async (_, over, answer) => {
  await click("approve", over);
  expect(edge.lastTold).toContain(answer);
  expect(await now()).toEqual(record);
});

it("a click about which Redis says nothing is told so", async () => {
  edge.requests.away = true;
  await click("deny");
  expect(edge.lastTold).toContain("cannot reach its Redis");
});
