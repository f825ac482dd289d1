import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { changedFacts, type Fact, fingerprintOf, type PlanWarning } from "../../../src/domain/plan.ts";

const word = fc.string({ unit: fc.constantFrom("a", "b", "c", ",", "\n", "é"), minLength: 1, maxLength: 4 });
const fact: fc.Arbitrary<Fact> = fc.record({ name: word, value: word });
/** Facts of one plan have a name each; the pinned one stands for those that every plan has. */
const facts = fc.uniqueArray(fact, { selector: ({ name }) => name, maxLength: 6 });
const warning: fc.Arbitrary<PlanWarning> = fc.record({ code: fc.constantFrom("w1", "w2", "w3"), text: word });
const warnings = fc.array(warning, { maxLength: 4 });

describe("a plan's fingerprint", () => {
  test("is the same in whatever order facts and warnings come, however often a warning does, whatever its words", () => {
    const shuffled = fc
      .tuple(facts, warnings)
      .chain(([some, warned]) =>
        fc.tuple(
          fc.constant(some),
          fc.constant(warned),
          fc.shuffledSubarray(some, { minLength: some.length }),
          fc.shuffledSubarray(warned, { minLength: warned.length }),
        ),
      );
    fc.assert(
      fc.property(shuffled, ([some, warned, otherwise, warnedOtherwise]) => {
        const reworded = [...warnedOtherwise, ...warned].map(({ code }) => ({ code, text: "other words" }));
        expect(fingerprintOf(otherwise, reworded)).toBe(fingerprintOf(some, warned));
        expect(changedFacts({ facts: some, warnings: warned }, { facts: otherwise, warnings: reworded })).toEqual([]);
      }),
    );
  });

  test("differs exactly when changed facts can be named", () => {
    fc.assert(
      fc.property(facts, warnings, facts, warnings, (before, warnedBefore, after, warnedAfter) => {
        const isSame = fingerprintOf(before, warnedBefore) === fingerprintOf(after, warnedAfter);
        const changes = changedFacts(
          { facts: before, warnings: warnedBefore },
          { facts: after, warnings: warnedAfter },
        );
        expect(changes.length === 0).toBe(isSame);
      }),
      { numRuns: 1_000 },
    );
  });

  test("differs when one value does, and says from what to what", () => {
    fc.assert(
      fc.property(facts, fact, word, (others, one, value) => {
        fc.pre(value !== one.value && others.every(({ name }) => name !== one.name));
        const before = { facts: [...others, one], warnings: [] };
        const after = { facts: [{ ...one, value }, ...others], warnings: [] };
        expect(fingerprintOf(after.facts, [])).not.toBe(fingerprintOf(before.facts, []));
        expect(changedFacts(before, after)).toEqual([`${one.name}: ${one.value} → ${value}`]);
      }),
    );
  });

  test("tells of facts and warnings that came or went", () => {
    const without = { facts: [], warnings: [] };
    const withBoth = { facts: [{ name: "epoch", value: "5" }], warnings: [{ code: "slow", text: "It is slow." }] };
    expect(changedFacts(without, withBoth)).toEqual(["epoch: none → 5", "warnings: none → slow"]);
    expect(changedFacts(withBoth, without)).toEqual(["epoch: 5 → none", "warnings: slow → none"]);
  });
});
