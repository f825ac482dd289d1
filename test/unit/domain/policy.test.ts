import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  decidingRule,
  judgeApprover,
  mayRequest,
  type PolicyRule,
  policyRuleSchema,
  policySchema,
} from "../../../src/domain/policy.ts";

const target = { cluster: "main", namespace: "shop", name: "orders" };

describe("a pattern", () => {
  /** Few letters and many stars, so that patterns often match and often nearly do. */
  const pattern = fc.string({ unit: fc.constantFrom("a", "b", ".", "*"), minLength: 1, maxLength: 8 });
  const text = fc.string({ unit: fc.constantFrom("a", "b", ".", "*"), minLength: 1, maxLength: 10 });

  test("matches what the same regular expression matches", () => {
    fc.assert(
      fc.property(pattern, text, (glob, name) => {
        const escaped = glob.split("*").map((part) => part.replaceAll(".", "\\."));
        expect(allows(glob, name)).toBe(new RegExp(`^${escaped.join("[^]*")}$`).test(name));
      }),
      { numRuns: 5_000 },
    );
  });

  test("matches every text that fills its stars, and a plain text only itself", () => {
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 5 }), fc.array(text), (parts, fillers) => {
        const filled = parts.map((part, index) => (index === 0 ? part : `${fillers[index] ?? ""}${part}`)).join("");
        expect(allows(parts.join("*"), filled)).toBe(true);
        const plain = parts.join("").replaceAll("*", "");
        if (plain !== "") expect(allows(plain, `${plain}x`)).toBe(false);
      }),
    );
  });

  test("is about the whole text", () => {
    expect(allows("dolt.*", "dolt.failover")).toBe(true);
    expect(allows("dolt.*", "xdolt.failover")).toBe(false);
    expect(allows("*", "anything")).toBe(true);
    expect(allows("ab*ba", "aba")).toBe(false);
  });
});

describe("the policy", () => {
  test("denies what no rule names", () => {
    expect(decidingRule([], "dolt.failover", target)).toBeNull();
    for (const field of ["operations", "clusters", "namespaces", "targets"] as const) {
      expect(decidingRule([rule({ [field]: ["other"] })], "dolt.failover", target)).toBeNull();
    }
  });

  test("is decided by the first rule that matches, and by it alone", () => {
    const first = rule({ name: "first", requesters: ["UA"] });
    const second = rule({ name: "second", requesters: ["UB"] });
    const decides = decidingRule([rule({ targets: ["billing"] }), first, second], "dolt.failover", target);
    expect(decides).toBe(first);
    expect(mayRequest(first, { teamId: "T1", userId: "UA" })).toBe(true);
    expect(mayRequest(first, { teamId: "T1", userId: "UB" })).toBe(false);
  });

  test("never lets anybody approve what they asked for, also when they are an approver", () => {
    const person = fc.record({ teamId: fc.constantFrom("T1", "T2"), userId: fc.constantFrom("UA", "UB") });
    fc.assert(
      fc.property(person, person, fc.subarray(["UA", "UB"]), (approver, requester, approvers) => {
        const judged = judgeApprover(rule({ approvers }), approver, requester);
        const isSame = approver.teamId === requester.teamId && approver.userId === requester.userId;
        expect(judged === "is_requester").toBe(isSame);
        if (judged === "allowed") expect(approvers).toContain(approver.userId);
      }),
    );
  });

  test("is refused when a rule asks for more approvals than it names approvers", () => {
    const impossible = rule({ approvals: 2, approvers: ["UA"] });
    expect(policySchema.safeParse([impossible]).success).toBe(false);
    expect(policySchema.safeParse([{ ...impossible, approvals: 1 }]).success).toBe(true);
  });

  test("is refused when a key is misspelt, rather than be wider than meant", () => {
    const misspelt = { name: "r", operations: ["*"], requesters: ["UA"], namespace: ["shop"] };
    expect(policyRuleSchema.safeParse(misspelt).success).toBe(false);
  });
});

/** Whether a rule for this pattern of operations decides about this operation. */
function allows(pattern: string, operation: string): boolean {
  return decidingRule([rule({ operations: [pattern] })], operation, target) !== null;
}

function rule(over: Partial<PolicyRule>): PolicyRule {
  return policyRuleSchema.parse({ name: "r", operations: ["*"], requesters: ["UA"], ...over });
}
