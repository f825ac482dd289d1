import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  excludedNames,
  isExcluded,
  namesToAdd,
  removeExclusions,
  uniteExclusions,
} from "../../../../src/operations/cratedb/exclusions.ts";

const nodeName = fc.constantFrom(
  "data-hot-0",
  "data-hot-1",
  "data-hot-2",
  "data-cold-0",
  "data-hot-*",
  "*-1",
  "master-0",
);
const value = fc.option(fc.array(nodeName).map((names) => names.join(",")));
const own = fc.uniqueArray(fc.constantFrom("data-hot-0", "data-hot-1", "data-hot-2", "data-cold-0"));

describe("the exclusions of a drain", () => {
  it("keeps foreign names, wildcards too, and adds each of its own once", () => {
    expect(uniteExclusions("data-cold-*, data-hot-1", ["data-hot-2", "data-hot-1"])).toBe(
      "data-cold-*,data-hot-1,data-hot-2",
    );
    expect(uniteExclusions(null, ["a"])).toBe("a");
    expect(uniteExclusions("", ["a"])).toBe("a");
  });

  it("takes only its own names out, and resets only when nobody else's is left", () => {
    expect(removeExclusions("data-hot-0,data-hot-1,data-hot-2", ["data-hot-2"])).toEqual({
      kind: "set",
      value: "data-hot-0,data-hot-1",
    });
    expect(removeExclusions("data-hot-0,data-hot-1", ["data-hot-2"])).toEqual({ kind: "none" });
    expect(removeExclusions("data-hot-2", ["data-hot-2"])).toEqual({ kind: "reset" });
    expect(removeExclusions("data-hot-*,data-hot-2", ["data-hot-2"])).toEqual({ kind: "set", value: "data-hot-*" });
    expect(removeExclusions(null, ["data-hot-2"])).toEqual({ kind: "none" });
  });

  it("knows a node by a wildcard, and takes dots as dots", () => {
    expect(isExcluded("data-*-2", "data-hot-2")).toBe(true);
    expect(isExcluded("*", "x")).toBe(true);
    expect(isExcluded("data.hot", "data-hot")).toBe(false);
    expect(isExcluded("data-hot-1", "data-hot-10")).toBe(false);
    expect(isExcluded(null, "x")).toBe(false);
  });

  it("after a union every own node has to be empty, and whoever had to be before still has", () => {
    fc.assert(
      fc.property(value, own, (before, names) => {
        const united = uniteExclusions(before, names);
        for (const name of [...names, ...excludedNames(before)]) expect(isExcluded(united, name)).toBe(true);
        expect(uniteExclusions(united, names)).toBe(united);
      }),
    );
  });

  it("taking out what was added gives back what was there before, in its order", () => {
    fc.assert(
      fc.property(value, own, (before, names) => {
        const added = namesToAdd(before, names);
        const change = removeExclusions(uniteExclusions(before, names), added);
        const after =
          change.kind === "set" ? change.value : change.kind === "reset" ? "" : uniteExclusions(before, names);
        expect(excludedNames(after)).toEqual(excludedNames(before));
        expect(change.kind === "reset").toBe(excludedNames(before).length === 0 && added.length > 0);
      }),
    );
  });

  it("two drains side by side take out their own names in any order", () => {
    fc.assert(
      fc.property(value, own, own, (before, first, second) => {
        const mine = namesToAdd(before, first);
        const yours = namesToAdd(uniteExclusions(before, first), second);
        const both = uniteExclusions(uniteExclusions(before, first), second);
        const left = (text: string, names: readonly string[]) => {
          const change = removeExclusions(text, names);
          return change.kind === "set" ? change.value : change.kind === "reset" ? "" : text;
        };
        expect(excludedNames(left(left(both, mine), yours))).toEqual(excludedNames(left(left(both, yours), mine)));
      }),
    );
  });
});
