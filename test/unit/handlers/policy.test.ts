import { beforeEach, describe, expect, it } from "vitest";
import { answerClick } from "../../../handlers/actions/answer-click.ts";
import { answerEngineCommand } from "../../../handlers/commands/engine-command.ts";
import type { PlannedApproval } from "../../../src/domain/policy/planned-approval.ts";
import { approvalsOf, shownPlan } from "../../../src/domain/transitions/reading.ts";
import { AnEdge } from "./an-edge.ts";

/** Groups by their ids, as the workers' snapshot and the plan know them. */
const dba = "usergroup:S0DBA";
const oncall = "usergroup:S0ONCALL";

let edge: AnEdge;
let deliveries = 0;

beforeEach(async () => {
  edge = new AnEdge();
  edge.memberships.groups.set(dba, ["UALICE", "UBOB", "UCAROL"]);
  edge.memberships.groups.set(oncall, ["UBOB", "UDAN"]);
  edge.policy = [
    {
      name: "all",
      operations: ["dolt.*"],
      requesters: ["S0DBA"],
      approvals: ["1 of S0DBA", "1 of S0ONCALL"],
    },
  ];
  await edge.announce();
});

async function type(text: string, user = "UALICE"): Promise<string> {
  deliveries += 1;
  const payload = { team_id: "T1", user_id: user, channel_id: "C1", trigger_id: `${deliveries}`, text };
  return JSON.stringify((await answerEngineCommand("dolt", payload, edge.services))?.blocks);
}

async function click(user: string): Promise<void> {
  const fingerprint = shownPlan((await now()) ?? raise())?.fingerprint;
  const payload = {
    user: { id: user, team_id: "T1" },
    team: { id: "T1" },
    container: { channel_id: "C1", message_ts: "1.0" },
    actions: [{ value: JSON.stringify({ cluster: "main", requestId: "r-1", fingerprint }) }],
  };
  await answerClick("approve", payload, edge.services);
}

const now = async () => (await edge.requests.read("r-1"))?.record;
const raise = (): never => {
  throw new Error("there is no request");
};

/** What the worker lists in the plan. */
function listed(members: Readonly<Record<string, readonly string[]>>): PlannedApproval {
  const entries = Object.entries(members).map(([principal, userIds]) => ({
    principal,
    membership: { members: [...userIds], asOfMs: edge.clock.nowMs() },
  }));
  return { rule: "all", policyHash: "hash", members: entries };
}

describe("a request by somebody of a group", () => {
  it("is recorded with what its rule asks for", async () => {
    await type("failover orders");
    expect((await now())?.rule).toMatchObject({
      name: "all",
      approvals: 2,
      requirements: [{ count: 1, of: "Slack group S0DBA" }, { of: "Slack group S0ONCALL" }],
    });
    expect(edge.requests.events[0]).toMatchObject({
      kind: "requested",
      facts: { rule: "all", policy: expect.stringMatching(/^[0-9a-f]{64}$/) },
    });
  });

  it("is refused to others, and to everybody when nobody could say who is in it, or only long ago", async () => {
    expect(await type("failover orders", "UDAN")).toContain("does not let you ask");
    edge.memberships.groups.set(dba, "Slack did not answer");
    expect(await type("failover orders")).toContain("Slack did not answer");
    edge.memberships.groups.set(dba, ["UALICE"]);
    edge.memberships.foundOutAtMs = edge.clock.nowMs() - 300_001;
    expect(await type("failover orders")).toContain("no answer is no");
    expect(edge.requests.events.map(({ kind }) => kind)).toEqual(Array(3).fill("request_refused"));
    expect(await now()).toBeUndefined();
  });

  it("tells that no worker lives rather than that nobody looked the group up", async () => {
    edge.memberships.groups.set(dba, "no worker has looked it up");
    await edge.clock.pass(60_000);
    expect(await type("failover orders")).toContain("npx handover dolt failover");
  });

  it("needs a reason where the rule says so, and hears of a freeze with its end", async () => {
    edge.policy = edge.policy.map((rule) => ({ ...rule, reasonRequired: true }));
    expect(await type("failover orders")).toContain("A reason is required");
    const today = new Date(edge.clock.nowMs()).toISOString().slice(0, 10);
    const quiet = { name: "quarter end", from: today, to: today, timeZone: "UTC", reason: "books are closed" };
    edge.policy = edge.policy.map((rule) => ({ ...rule, freeze: [quiet] }));
    const told = await type("failover orders --reason x");
    expect(told).toContain("quarter end (books are closed)");
    expect(told).toContain("00:00 UTC");
    expect(await now()).toBeUndefined();
    await type("status orders");
    expect((await now())?.operation).toBe("dolt.status");
  });
});

describe("approvals by people of two groups", () => {
  beforeEach(async () => {
    await type("failover orders");
    await edge.plan("r-1", {
      approval: listed({ [dba]: ["UALICE", "UBOB", "UCAROL"], [oncall]: ["UBOB", "UDAN"] }),
      madeAtMs: edge.clock.nowMs(),
    });
  });

  it("are enough with one of each, whoever of them is in both, and the record says by what right", async () => {
    await click("UBOB");
    expect(await now()).toMatchObject({ state: "awaiting_approval" });
    expect((await now())?.story.at(-1)?.text).toContain("still needs 1 of Slack group S0DBA or Slack group S0ONCALL");
    await click("UCAROL");
    expect(await now()).toMatchObject({ state: "approved" });
    const record = (await now()) ?? raise();
    expect(approvalsOf(record).map(({ rights }) => rights.map(({ requirement }) => requirement))).toEqual([
      [0, 1],
      [0],
    ]);
    expect(edge.requests.events.at(-1)?.facts.as).toMatch(/^usergroup:S0DBA \(looked up \d{4}-/);
  });

  it("do not count by somebody who joined a group since the plan was made", async () => {
    await click("UDAN");
    edge.memberships.groups.set(oncall, ["UBOB", "UDAN", "UERIN"]);
    await click("UERIN");
    expect(edge.lastTold).toContain("who joins afterwards cannot approve it");
    expect(await now()).toMatchObject({ state: "awaiting_approval" });
  });

  it("by somebody whose group nobody knows any more are refused, with why", async () => {
    edge.memberships.groups.set(dba, "Slack did not answer");
    edge.memberships.groups.set(oncall, "Slack did not answer");
    await click("UCAROL");
    expect(edge.lastTold).toContain("Slack did not answer");
    expect(edge.requests.events.at(-1)).toMatchObject({ kind: "click_refused" });
  });
});

it("an approval of which there is enough already is not needed, and says whose is", async () => {
  edge.policy = edge.policy.map((rule) => ({ ...rule, approvals: ["1 of S0ONCALL", "1 of UCAROL"] }));
  await type("failover orders");
  const members = { [oncall]: ["UBOB", "UDAN"], "user:UCAROL": ["UCAROL"] };
  await edge.plan("r-1", { approval: listed(members), madeAtMs: edge.clock.nowMs() });
  await click("UBOB");
  await click("UDAN");
  expect(edge.lastTold).toContain("what is missing is 1 of <@UCAROL>");
  expect((await now())?.approvals).toHaveLength(1);
  await click("UCAROL");
  expect(await now()).toMatchObject({ state: "approved" });
});
