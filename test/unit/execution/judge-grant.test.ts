import { beforeEach, describe, expect, it } from "vitest";
import type { Approval } from "../../../src/domain/approval.ts";
import type { Person } from "../../../src/domain/people.ts";
import type { Plan } from "../../../src/domain/plan.ts";
import { policyHashOf } from "../../../src/domain/policy/hash.ts";
import type { WrittenParts } from "../../../src/domain/policy/read-policy.ts";
import type { WrittenPolicy } from "../../../src/domain/policy/written.ts";
import { principalKey } from "../../../src/domain/principals.ts";
import { judgeGrant } from "../../../src/execution/judge-grant.ts";
import { judgePlan } from "../../../src/execution/judge-plan.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { MemoryMemberships } from "../../support/memory-memberships.ts";
import { noCluster } from "../../support/no-cluster.ts";
import { policyOf } from "../../support/policies.ts";
import { alice, aPlan, orders } from "../../support/records.ts";

const person = (userId: string): Person => ({ teamId: "T1", userId });
const groups = { dba: { usergroup: "S0DBA" }, oncall: { pagerduty: { schedule: "PSCHED" } }, lead: ["U0LEAD"] };
const dba = "usergroup:S0DBA";
const oncall = "pagerduty_schedule:PSCHED";
const minuteMs = 60_000;

let clock: ManualClock;
let memberships: MemoryMemberships;
let rule: WrittenPolicy[number];
let labels: Record<string, string>;
let lookAt: (person: Person) => Promise<{ objection: string | null; person: Person }>;

beforeEach(() => {
  clock = new ManualClock();
  memberships = new MemoryMemberships(clock);
  memberships.groups.set(dba, ["UALICE", "UBOB", "UCAROL"]);
  memberships.groups.set(oncall, ["UBOB", "UDAN"]);
  labels = { tier: "prod" };
  lookAt = async (known) => ({ objection: null, person: known });
  rule = {
    name: "failover",
    operations: ["dolt.*"],
    labels: { tier: "prod" },
    requesters: ["@dba"],
    approvals: ["1 of @dba", "1 of @oncall"],
    expiresAfterMinutes: 60,
  };
});

const policy = () => policyOf([rule], { groups } satisfies Omit<WrittenParts, "policy">);
const marks = async () => [
  { kind: "StatefulSet", namespace: "shop", name: "orders", uid: "u", annotations: {}, labels } as const,
];
const context = () => ({
  ...noCluster,
  workloads: { ...noCluster.workloads, marks },
  target: { namespace: "shop", workload: "orders" },
  targetName: "orders",
  clock,
  signal: new AbortController().signal,
});

const rules = () => ({ policy: policy(), memberships, people: { look: (known: Person) => lookAt(known) } });

async function planned(): Promise<Plan> {
  const record = { operation: "dolt.failover", target: orders, requester: alice };
  const judged = await judgePlan(record, true, context(), rules());
  if (!judged.ok) throw new Error(judged.problem.what);
  return aPlan({ approval: judged.approval, madeAtMs: clock.nowMs() });
}

function approvalOf(plan: Plan, userId: string, rights: Approval["rights"] = []): Approval {
  return {
    version: 1,
    requestId: plan.requestId,
    fingerprint: plan.fingerprint,
    planDigest: "0".repeat(64),
    approver: person(userId),
    atMs: clock.nowMs(),
    message: { channelId: "C1", ts: "1.1" },
    rights,
  };
}

async function judged(plan: Plan, ...userIds: string[]) {
  return await judgedWith(
    plan,
    userIds.map((userId) => approvalOf(plan, userId)),
  );
}

async function judgedWith(plan: Plan, approvals: readonly Approval[]) {
  const times = { storeNowMs: clock.nowMs(), ownNowMs: clock.nowMs() };
  return await judgeGrant({ plan, approvals, requester: alice }, times, context(), rules());
}

async function refusal(plan: Plan, ...userIds: string[]): Promise<string> {
  const result = await judged(plan, ...userIds);
  return result.ok ? "let in" : result.problems.map(({ code, what }) => `${code}: ${what}`).join("\n");
}

describe("the policy judged again at the start", () => {
  it("lets in what one of each group has approved, and says by what right", async () => {
    const result = await judged(await planned(), "UCAROL", "UBOB");
    expect(result).toMatchObject({
      ok: true,
      by: {
        rule: "failover",
        policyHash: policyHashOf(policy()),
        approvers: [
          expect.stringMatching(/^UCAROL as usergroup:S0DBA \(looked up /),
          expect.stringMatching(/^UBOB as usergroup:S0DBA .*, pagerduty_schedule:PSCHED /),
        ],
      },
    });
  });

  it("counts whoever is in both groups once", async () => {
    expect(await refusal(await planned(), "UBOB")).toContain("still needs 1 of @dba or @oncall");
    expect(await refusal(await planned(), "UDAN")).toContain("still needs 1 of @dba");
  });

  it("refuses who has left since, and who has joined since", async () => {
    const plan = await planned();
    memberships.groups.set(dba, ["UALICE", "UNEW"]);
    expect(await refusal(plan, "UCAROL", "UDAN")).toMatch(
      /^approver_no_longer_stands: .*their group is without them now/,
    );
    expect(await refusal(plan, "UNEW", "UDAN")).toMatch(
      /^approver_no_longer_stands: .*not among @dba when the plan was made/,
    );
  });

  it("refuses when the one who asked is no requester any more", async () => {
    const plan = await planned();
    memberships.groups.set(dba, ["UBOB", "UCAROL"]);
    expect(await refusal(plan, "UCAROL", "UDAN")).toMatch(/^requester_not_allowed/);
  });

  it("refuses by a rule that the plan knew nothing of", async () => {
    const plan = await planned();
    rule = { ...rule, approvals: "1 of @lead" };
    expect(await refusal(plan, "U0LEAD")).toContain("not among @lead when the plan was made");
  });

  it("judges labels as they are in the cluster now", async () => {
    const plan = await planned();
    labels = { tier: "test" };
    expect(await refusal(plan, "UCAROL", "UDAN")).toMatch(/^requester_not_allowed/);
  });

  it("refuses within a freeze window, until when it says", async () => {
    const plan = await planned();
    const today = new Date(clock.nowMs()).toISOString().slice(0, 10);
    rule = { ...rule, freeze: [{ name: "quiet", from: today, to: today, timeZone: "UTC" }] };
    expect(await refusal(plan, "UCAROL", "UDAN")).toMatch(/^frozen_by_policy: .*00:00 UTC: quiet/);
  });

  it("lets a later tier approve from its minute on, by the time of the click", async () => {
    rule = { ...rule, approvals: "1 of @oncall", escalation: [{ afterMinutes: 10, to: ["@lead"], mayApprove: true }] };
    const plan = await planned();
    const early = approvalOf(plan, "U0LEAD");
    await clock.pass(10 * minuteMs);
    expect(await judgedWith(plan, [approvalOf(plan, "U0LEAD")])).toMatchObject({ ok: true });
    expect(await judgedWith(plan, [early])).toMatchObject({ problems: [{ code: "approver_no_longer_stands" }] });
  });
});

describe("when nobody can say who is in a group at the start", () => {
  const right = (asOfMs: number): Approval["rights"] => [{ requirement: 0, principal: oncall, asOfMs }];

  beforeEach(() => {
    rule = { ...rule, requesters: ["UALICE"], approvals: "1 of @oncall" };
  });

  it("it is refused, with the line for a terminal", async () => {
    const plan = await planned();
    memberships.groups.set(oncall, "PagerDuty did not answer");
    const result = await judgedWith(plan, [approvalOf(plan, "UDAN", right(clock.nowMs()))]);
    expect(result).toMatchObject({ ok: false, problems: [{ code: "people_lookup_failed" }] });
    const [problem] = result.ok ? [] : result.problems;
    expect(problem?.what).toContain("PagerDuty did not answer");
    expect(problem?.next).toContain("npx handover dolt failover shop/orders --reason why");
  });

  it("what the click had checked counts as long as the rule lets it, and no longer", async () => {
    rule = { ...rule, whenSlackIsAway: "acceptCheckedWithin 15m" };
    const plan = await planned();
    const approval = approvalOf(plan, "UDAN", right(clock.nowMs()));
    memberships.groups.set(oncall, "PagerDuty did not answer");
    lookAt = async () => {
      throw new Error("Slack did not answer");
    };
    await clock.pass(15 * minuteMs);
    expect(await judgedWith(plan, [approval])).toMatchObject({ ok: true });
    await clock.pass(1);
    expect(await judgedWith(plan, [approval])).toMatchObject({ ok: false });
  });

  it("what no click had checked counts for nothing, nor does who is known to have fallen", async () => {
    rule = { ...rule, whenSlackIsAway: "acceptCheckedWithin 15m" };
    const plan = await planned();
    memberships.groups.set(oncall, "PagerDuty did not answer");
    expect(await refusal(plan, "UDAN")).toMatch(/^people_lookup_failed/);
    lookAt = async (known) => ({ objection: known.userId === "UDAN" ? "it is deactivated" : null, person: known });
    const result = await judgedWith(plan, [approvalOf(plan, "UDAN", right(clock.nowMs()))]);
    expect(result).toMatchObject({ problems: [{ code: "approver_no_longer_stands" }] });
  });
});

it("asks nobody about groups that do not matter: whoever asks is named by id, and a question needs no approval", async () => {
  rule = { ...rule, requesters: ["UALICE", "@dba"] };
  const asked: string[] = [];
  const { policy: own, people } = rules();
  const spying = {
    policy: own,
    people,
    memberships: {
      look: async (principals: Parameters<MemoryMemberships["look"]>[0]) => {
        asked.push(...principals.map(principalKey));
        return await memberships.look(principals);
      },
    },
  };
  const record = { operation: "dolt.status", target: orders, requester: alice };
  expect(await judgePlan(record, false, context(), spying)).toMatchObject({ ok: true, approval: { members: [] } });
  expect(asked).toEqual([]);
  expect((await judgePlan({ ...record, requester: person("UBOB") }, false, context(), spying)).ok).toBe(true);
  expect(asked).toEqual([dba]);
});

describe("before a plan is made", () => {
  const asked = { operation: "dolt.failover", target: orders, requester: alice };
  const code = async (over: object = {}, changesTarget = true) => {
    const result = await judgePlan({ ...asked, ...over }, changesTarget, context(), rules());
    return result.ok ? "planned" : result.problem.code;
  };

  it("who may not ask is refused, and so is what nobody could approve", async () => {
    expect(await code()).toBe("planned");
    expect(await code({ requester: person("UDAN") })).toBe("requester_not_allowed");
    memberships.groups.set(oncall, ["UALICE"]);
    expect(await code()).toBe("nobody_can_approve");
    memberships.groups.set(oncall, "PagerDuty did not answer");
    expect(await code()).toBe("people_lookup_failed");
    labels = {};
    expect(await code()).toBe("requester_not_allowed");
  });

  it("a freeze is judged by when it is to begin; a question and a dry run are never frozen", async () => {
    const day = (days: number) => new Date(clock.nowMs() + days * 24 * 60 * minuteMs).toISOString().slice(0, 10);
    rule = { ...rule, freeze: [{ name: "quiet", from: day(2), to: day(2), timeZone: "UTC" }] };
    const startAtMs = Date.parse(`${day(2)}T12:00:00Z`);
    const schedule = { startAtMs, endsAtMs: startAtMs + 1, timeZone: "UTC" };
    expect(await code()).toBe("planned");
    expect(await code({ schedule })).toBe("frozen_by_policy");
    expect(await code({ schedule, dryRun: true })).toBe("planned");
    expect(await code({ schedule }, false)).toBe("planned");
  });
});
