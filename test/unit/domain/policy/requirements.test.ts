import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { missingApprovals, wouldHelp } from "../../../../src/domain/policy/requirements.ts";

const requirements = fc.array(fc.integer({ min: 1, max: 2 }), { minLength: 1, maxLength: 3 });
const people = fc.array(fc.uniqueArray(fc.integer({ min: 0, max: 2 }), { maxLength: 3 }), { maxLength: 5 });

/** Every way to give each approval a requirement of its own or none, tried out: the slow truth. */
function mostFilled(counts: readonly number[], rights: readonly (readonly number[])[]): number {
  const [first, ...others] = rights;
  if (first === undefined) return 0;
  const ways = first
    .filter((requirement) => (counts[requirement] ?? 0) > 0)
    .map((requirement) => {
      const left = counts.map((count, index) => (index === requirement ? count - 1 : count));
      return 1 + mostFilled(left, others);
    });
  return Math.max(mostFilled(counts, others), ...ways);
}

const sum = (all: readonly number[]) => all.reduce((total, one) => total + one, 0);
const countOf = (missing: readonly { count: number }[]) => sum(missing.map(({ count }) => count));

describe("what is missing of approvals that count for one requirement each", () => {
  test("is as little as it can be, whatever the order of the clicks", () => {
    fc.assert(
      fc.property(requirements, people, fc.nat(), (counts, rights, seed) => {
        const least = sum(counts) - mostFilled(counts, rights);
        expect(countOf(missingApprovals(counts, rights))).toBe(least);
        const turned = [...rights.slice(seed % (rights.length || 1)), ...rights.slice(0, seed % (rights.length || 1))];
        expect(countOf(missingApprovals(counts, turned))).toBe(least);
      }),
      { numRuns: 2_000 },
    );
  });

  test("is told of just those whose approval would bring it nearer", () => {
    const newcomer = fc.uniqueArray(fc.integer({ min: 0, max: 2 }), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(requirements, people, newcomer, (counts, rights, right) => {
        const missing = missingApprovals(counts, rights);
        const after = missingApprovals(counts, [...rights, right]);
        expect(wouldHelp(missing, right)).toBe(countOf(after) < countOf(missing));
      }),
      { numRuns: 2_000 },
    );
  });

  test("lets nobody count twice, who is in both groups", () => {
    expect(missingApprovals([1, 1], [[0, 1]])).toEqual([{ count: 1, anyOf: [0, 1] }]);
    expect(missingApprovals([1, 1], [[0, 1], [0]])).toEqual([]);
    expect(missingApprovals([1, 1], [[0], [0]])).toEqual([{ count: 1, anyOf: [1] }]);
    expect(missingApprovals([2, 1], [[0]])).toEqual([
      { count: 1, anyOf: [0] },
      { count: 1, anyOf: [1] },
    ]);
  });

  test("is nothing where nothing is asked for", () => {
    expect(missingApprovals([], [])).toEqual([]);
    expect(missingApprovals([], [[0]])).toEqual([]);
  });
});
