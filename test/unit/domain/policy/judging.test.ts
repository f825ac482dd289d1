import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Membership } from "../../../../src/domain/memberships.ts";
import { whyNobodyCanApprove } from "../../../../src/domain/policy/candidates.ts";
import {
  approvingPrincipals,
  judgeApprover,
  judgeRequester,
  type Known,
  principalsOf,
  requirementsAt,
} from "../../../../src/domain/policy/judging.ts";
import { planMembersOf, plannedApproval } from "../../../../src/domain/policy/planned-approval.ts";
import { standingOf } from "../../../../src/domain/policy/standing.ts";
import { principalKey } from "../../../../src/domain/principals.ts";
import { ruleOf } from "../../../support/policies.ts";

const groups = { dba: ["S0DBA"], oncall: ["S0ONCALL"], lead: ["S0LEAD"] };
const person = (userId: string) => ({ teamId: "T1", userId });
const atMs = 10_000_000;

function known(members: Readonly<Record<string, readonly string[] | string>>, asOfMs = atMs): Known {
  const entries = Object.entries(members).map(([id, who]): [string, Membership] => [
    `usergroup:${id}`,
    typeof who === "string" ? { unknown: who } : { members: who, asOfMs },
  ]);
  return { memberships: new Map(entries), notBeforeMs: atMs - 300_000 };
}

const rule = ruleOf({ approvals: ["1 of @dba", "1 of @oncall"], requesters: ["@dba"] }, { groups });

function judge(approver: string, then: Known, now: Known, over: { plannedAtMs?: number; rule?: typeof rule } = {}) {
  const click = { approver: person(approver), requester: person("UASKS"), atMs, plannedAtMs: atMs, ...over };
  return judgeApprover(over.rule ?? rule, click, then.memberships, now);
}

describe("an approver", () => {
  const both = known({ S0DBA: ["UA", "UASKS"], S0ONCALL: ["UB", "UA"] });

  test("counts for every requirement that they are in, then and now, with the age of what is known", () => {
    expect(judge("UA", both, both)).toEqual({
      kind: "may",
      rights: [
        { requirement: 0, principal: "usergroup:S0DBA", asOfMs: atMs },
        { requirement: 1, principal: "usergroup:S0ONCALL", asOfMs: atMs },
      ],
    });
  });

  test("is nobody who is in no group, and nobody who asked", () => {
    expect(judge("UX", both, both)).toEqual({ kind: "not_named" });
    expect(judge("UASKS", both, both)).toEqual({ kind: "is_requester" });
    const self = ruleOf({ approvals: "1 of @dba", selfApproval: true }, { groups });
    expect(judge("UASKS", both, both, { rule: self })).toMatchObject({ kind: "may" });
  });

  test("is not who joined after the plan was made, and not who has left", () => {
    const before = known({ S0DBA: ["UA"], S0ONCALL: ["UB"] });
    const after = known({ S0DBA: ["UNEW"], S0ONCALL: ["UB"] });
    expect(judge("UNEW", before, after)).toEqual({ kind: "came_later", of: "@dba" });
    expect(judge("UA", before, after)).toEqual({ kind: "not_named" });
  });

  test("is not decided about when nobody can say, then or now, or said it too long ago", () => {
    const silent = known({ S0DBA: "Slack did not answer", S0ONCALL: [] });
    expect(judge("UA", both, silent)).toEqual({ kind: "unknown", of: "@dba", why: "Slack did not answer" });
    expect(judge("UA", silent, known({ S0DBA: ["UA"], S0ONCALL: [] }))).toMatchObject({ kind: "unknown", of: "@dba" });
    const old = known({ S0DBA: ["UA"], S0ONCALL: ["UA"] }, atMs - 300_001);
    expect(judge("UA", both, old)).toMatchObject({ kind: "unknown" });
    expect(judge("UA", both, { ...old, memberships: new Map() })).toMatchObject({ kind: "unknown" });
  });

  test("may be somebody of a later tier from its minute on, and not before", () => {
    const tiered = ruleOf(
      {
        approvals: "1 of @dba",
        escalation: [
          { afterMinutes: 5, to: ["@lead"], mayApprove: true },
          { afterMinutes: 7, to: ["@oncall"] },
        ],
      },
      { groups },
    );
    const everybody = known({ S0DBA: [], S0ONCALL: ["UO"], S0LEAD: ["UL"] });
    const madeAgo = (minutes: number) => ({ rule: tiered, plannedAtMs: atMs - minutes * 60_000 });
    expect(judge("UL", everybody, everybody, madeAgo(4))).toEqual({ kind: "not_named" });
    expect(judge("UL", everybody, everybody, madeAgo(5))).toMatchObject({ kind: "may" });
    expect(judge("UO", everybody, everybody, madeAgo(8))).toEqual({ kind: "not_named" });
    expect(requirementsAt(tiered, 0, 5 * 60_000)[0]?.of).toBe("@dba or @lead");
    expect(approvingPrincipals(tiered).map(principalKey)).toEqual(["usergroup:S0DBA", "usergroup:S0LEAD"]);
    expect(principalsOf([tiered]).map(principalKey)).toContain("usergroup:S0ONCALL");
  });

  test("never is one whom nobody lists as a member both then and now, whatever else is known", () => {
    const members = fc.oneof(fc.constant("no answer"), fc.subarray(["UA", "UB", "UASKS"]));
    const snapshot = fc.record({ S0DBA: members, S0ONCALL: members });
    fc.assert(
      fc.property(snapshot, snapshot, fc.constantFrom("UA", "UB", "UASKS"), (before, after, who) => {
        const judged = judge(who, known(before), known(after));
        if (judged.kind !== "may") return;
        expect(who).not.toBe("UASKS");
        for (const { principal } of judged.rights) {
          const id = principal.replace("usergroup:", "") as keyof typeof before;
          expect(before[id]).toContain(who);
          expect(after[id]).toContain(who);
        }
      }),
      { numRuns: 1_000 },
    );
  });
});

describe("a requester", () => {
  test("has to be named, by id or in a group of which somebody says so", () => {
    expect(judgeRequester(rule, person("UA"), known({ S0DBA: ["UA"] })).kind).toBe("yes");
    expect(judgeRequester(rule, person("UB"), known({ S0DBA: ["UA"] })).kind).toBe("no");
    expect(judgeRequester(rule, person("UB"), known({ S0DBA: "away" }))).toEqual({ kind: "unknown", why: "away" });
    expect(judgeRequester(ruleOf({ requesters: ["UB"] }), person("UB"), known({})).kind).toBe("yes");
  });
});

describe("a plan", () => {
  test("lists everybody whose approval can count, users by id among them", () => {
    const mixed = ruleOf({ approvals: "1 of @dba or UB" }, { groups });
    const { memberships } = known({ S0DBA: ["UA"] });
    const members = planMembersOf(plannedApproval(mixed, "hash", memberships, atMs));
    expect([...members]).toEqual([
      ["usergroup:S0DBA", { members: ["UA"], asOfMs: atMs }],
      ["user:UB", { members: ["UB"], asOfMs: atMs }],
    ]);
    expect(planMembersOf(undefined).size).toBe(0);
  });

  test("is not made for approvals that nobody could give", () => {
    const two = ruleOf({ approvals: "2 of @dba" }, { groups });
    const check = (members: readonly string[] | string) =>
      whyNobodyCanApprove(two, person("UASKS"), known({ S0DBA: members }).memberships);
    expect(check(["UA", "UB"])).toBeNull();
    expect(check(["UA", "UASKS"])).toMatchObject({ code: "nobody_can_approve" });
    expect(check(["UA", "UASKS"])?.what).toContain("1 of @dba");
    expect(check("Slack did not answer")).toMatchObject({ code: "people_lookup_failed" });
    const self = { ...two, selfApproval: true };
    expect(whyNobodyCanApprove(self, person("UASKS"), known({ S0DBA: ["UA", "UASKS"] }).memberships)).toBeNull();
  });
});

test("what is missing is told by the names that the policy gives", () => {
  const rights = (requirement: number) => ({ rights: [{ requirement, principal: "x", asOfMs: null }] });
  const recorded = { approvals: 2, requirements: [...rule.requirements] };
  expect(standingOf(recorded, []).missingText).toBe("1 of @dba and 1 of @oncall");
  expect(standingOf(recorded, [rights(0)])).toMatchObject({ given: 1, needed: 2, missingText: "1 of @oncall" });
  expect(standingOf(recorded, [rights(0), rights(1)])).toMatchObject({ isEnough: true, missingText: "" });
});
