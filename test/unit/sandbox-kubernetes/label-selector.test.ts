import { describe, expect, test } from "vitest";
import {
  matchesLabels,
  parseLabelSelector,
  selectorOfObject,
  selectorText,
} from "../../../sandbox/kubernetes/requests/label-selector.ts";
import { ApiFailure } from "../../../sandbox/kubernetes/status.ts";

describe("label selectors", () => {
  test.each([
    ["a=b", { a: "b" }, true],
    ["a=b", {}, false],
    ["a!=b", {}, true],
    ["a=", { a: "" }, true],
    ["a in (b,c),d", { a: "c", d: "" }, true],
    ["a notin (b)", { a: "b" }, false],
    ["!a", { a: "b" }, false],
    ["example.com/x=y", { "example.com/x": "y" }, true],
  ])("%s of %o is %s", (text, labels, expected) => {
    expect(matchesLabels(parseLabelSelector(text), labels)).toBe(expected);
  });

  test.each(["a b", "a in b", "=b", "a==b==c", "(a)"])("%s cannot be read", (text) => {
    expect(() => parseLabelSelector(text)).toThrow(ApiFailure);
  });

  test("a workload's selector joins labels and expressions", () => {
    const selector = selectorOfObject({
      matchLabels: { a: "b" },
      matchExpressions: [
        { key: "c", operator: "In", values: ["d", "e"] },
        { key: "f", operator: "DoesNotExist" },
      ],
    });
    expect(selectorText(selector)).toBe("a=b,c in (d,e),!f");
    expect(matchesLabels(selector, { a: "b", c: "e" })).toBe(true);
    expect(matchesLabels(selector, { a: "b", c: "e", f: "" })).toBe(false);
  });
});
