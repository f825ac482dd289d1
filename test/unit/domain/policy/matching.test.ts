import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { globCovers, matchesGlob } from "../../../../src/domain/policy/globs.ts";
import { commonLabels } from "../../../../src/domain/policy/labels.ts";
import { decidingRule, whyNoMatch } from "../../../../src/domain/policy/matching.ts";
import { policyOf, ruleOf } from "../../../support/policies.ts";

const target = { cluster: "main", namespace: "shop", name: "orders" };

/** Few letters and many stars, so that patterns often match and often nearly do. */
const pattern = fc.string({ unit: fc.constantFrom("a", "b", ".", "*"), minLength: 1, maxLength: 8 });
const text = fc.string({ unit: fc.constantFrom("a", "b", ".", "*"), minLength: 1, maxLength: 10 });

describe("a pattern", () => {
  test("matches what the same regular expression matches", () => {
    fc.assert(
      fc.property(pattern, text, (glob, name) => {
        const escaped = glob.split("*").map((part) => part.replaceAll(".", "\\."));
        expect(matchesGlob(glob, name)).toBe(new RegExp(`^${escaped.join("[^]*")}$`).test(name));
      }),
      { numRuns: 5_000 },
    );
  });

  test("matches every text that fills its stars, and a plain text only itself", () => {
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 5 }), fc.array(text), (parts, fillers) => {
        const filled = parts.map((part, index) => (index === 0 ? part : `${fillers[index] ?? ""}${part}`)).join("");
        expect(matchesGlob(parts.join("*"), filled)).toBe(true);
        const plain = parts.join("").replaceAll("*", "");
        if (plain !== "") expect(matchesGlob(plain, `${plain}x`)).toBe(false);
      }),
    );
  });

  test("is about the whole text", () => {
    expect(matchesGlob("dolt.*", "dolt.failover")).toBe(true);
    expect(matchesGlob("dolt.*", "xdolt.failover")).toBe(false);
    expect(matchesGlob("ab*ba", "aba")).toBe(false);
  });

  test("covers another when it matches all that the other matches, and only then", () => {
    const plain = fc.string({ unit: fc.constantFrom("a", "b", "."), maxLength: 6 });
    fc.assert(
      fc.property(pattern, pattern, fc.array(plain, { minLength: 8, maxLength: 8 }), (wide, narrow, fillers) => {
        const filled = (fill: (index: number) => string) =>
          narrow.split("*").reduce((all, part, index) => `${all}${fill(index)}${part}`);
        if (globCovers(wide, narrow)) {
          expect(
            matchesGlob(
              wide,
              filled((index) => fillers[index] ?? ""),
            ),
          ).toBe(true);
        } else {
          // What only a star can match tells them apart.
          expect(
            matchesGlob(
              wide,
              filled(() => "\u0001"),
            ),
          ).toBe(false);
        }
      }),
      { numRuns: 5_000 },
    );
  });
});

describe("the policy", () => {
  test("denies what no rule names", () => {
    expect(decidingRule([], "dolt.failover", target)).toBeNull();
    for (const field of ["operations", "clusters", "namespaces", "targets"] as const) {
      expect(decidingRule([ruleOf({ [field]: ["other"] })], "dolt.failover", target)).toBeNull();
    }
  });

  test("is decided by the first rule that matches, and by it alone", () => {
    const policy = policyOf([
      { name: "other", operations: ["*"], targets: ["billing"], requesters: ["UC"], approvals: 0 },
      { name: "first", operations: ["dolt.*"], requesters: ["UA"], approvals: 0 },
      { name: "second", operations: ["*"], requesters: ["UB"], approvals: 0 },
    ]);
    expect(decidingRule(policy, "dolt.failover", target)?.name).toBe("first");
  });

  test("says of each rule that does not match why it does not", () => {
    expect(whyNoMatch(ruleOf({ operations: ["dolt.*"] }), "dolt.failover", target)).toBeNull();
    expect(whyNoMatch(ruleOf({ operations: ["crate.*", "x"] }), "dolt.failover", target)).toBe(
      "its operations are crate.*, x, and this is dolt.failover",
    );
    expect(whyNoMatch(ruleOf({ namespaces: ["billing"] }), "dolt.failover", target)).toContain("this is shop");
    const byLabel = ruleOf({ labels: { tier: "prod*" } });
    expect(whyNoMatch(byLabel, "dolt.failover", target)).toContain("the target has no such label");
    expect(whyNoMatch(byLabel, "dolt.failover", { ...target, labels: { tier: "test" } })).toContain("has tier=test");
    expect(whyNoMatch(byLabel, "dolt.failover", { ...target, labels: { tier: "prod-eu" } })).toBeNull();
  });

  test("takes for a target's label what all its objects say alike", () => {
    expect(
      commonLabels([
        { a: "1", b: "2" },
        { b: "2", a: "3", c: "4" },
      ]),
    ).toEqual({ b: "2" });
    expect(commonLabels([{ a: "1" }])).toEqual({ a: "1" });
    expect(commonLabels([])).toEqual({});
  });
});
