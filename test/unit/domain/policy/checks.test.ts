import fc from "fast-check";
import { expect, test } from "vitest";
import { whyNobodyCanApprove } from "../../../../src/domain/policy/candidates.ts";
import { checkPolicy } from "../../../../src/domain/policy/checks.ts";
import { decidingRule } from "../../../../src/domain/policy/matching.ts";
import type { Policy } from "../../../../src/domain/policy/rule.ts";
import { policyOf } from "../../../support/policies.ts";

const world = { operations: ["dolt.failover", "dolt.status", "cratedb.scale"], clusters: ["prod", "test"] };

const glob = fc.constantFrom("*", "a*", "*b", "ab", "a", "b*");
const rule = fc.record({
  operations: fc.subarray(["dolt.*", "*.status", "dolt.failover", "*"], { minLength: 1 }),
  clusters: fc.subarray(["prod", "test", "*"], { minLength: 1 }),
  namespaces: fc.uniqueArray(glob, { minLength: 1, maxLength: 2 }),
  targets: fc.uniqueArray(glob, { minLength: 1, maxLength: 2 }),
  labels: fc.oneof(fc.constant({}), fc.record({ tier: glob })),
  requesters: fc.subarray(["UA", "UB"], { minLength: 1 }),
  approvers: fc.subarray(["UA", "UB", "UC"], { minLength: 1 }),
  approvals: fc.integer({ min: 0, max: 3 }),
  selfApproval: fc.boolean(),
});
const policies = fc
  .array(rule, { minLength: 1, maxLength: 4 })
  .map((rules) => policyOf(rules.map((one, index) => ({ ...one, name: `r${index}` }))));

function complaints(policy: Policy, about: "name" | "approvals"): number[] {
  const found: number[] = [];
  checkPolicy(policy, world, ([, index, key]) => {
    if (key === about && typeof index === "number") found.push(index);
  });
  return found;
}

test("a rule that is said never to decide decides about nothing", () => {
  const word = fc.string({ unit: fc.constantFrom("a", "b"), minLength: 1, maxLength: 3 });
  const questions = fc.array(
    fc.record({
      operation: fc.constantFrom(...world.operations),
      cluster: fc.constantFrom(...world.clusters),
      namespace: word,
      name: word,
      labels: fc.oneof(fc.constant({}), fc.record({ tier: word })),
    }),
    { minLength: 20, maxLength: 20 },
  );
  let complained = 0;
  fc.assert(
    fc.property(policies, questions, (policy, asked) => {
      const never = complaints(policy, "name").map((index) => policy[index]?.name);
      complained += never.length;
      for (const { operation, ...target } of asked) {
        expect(never).not.toContain(decidingRule(policy, operation, target)?.name);
      }
    }),
    { numRuns: 1_000, seed: 20_261_121 },
  );
  expect(complained).toBeGreaterThan(100);
});

test("of rules that name people by id, those are complained of that nobody who may ask could get approved, and no others", () => {
  let complained = 0;
  fc.assert(
    fc.property(policies, (policy) => {
      const stuck = complaints(policy, "approvals");
      complained += stuck.length;
      for (const [index, one] of policy.entries()) {
        const isStuck = one.requesters.principals.every(
          (principal) => principal.kind === "user" && whyNobodyCanApprove(one, { userId: principal.userId }) !== null,
        );
        expect(stuck.includes(index), one.name).toBe(isStuck);
      }
    }),
    { numRuns: 1_000, seed: 20_261_121 },
  );
  expect(complained).toBeGreaterThan(100);
});
