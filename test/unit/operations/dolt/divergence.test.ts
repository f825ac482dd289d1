import { describe, expect, it } from "vitest";
import {
  type BranchDivergence,
  type BranchSide,
  type Divergence,
  databasesAtStake,
  holdsNothingMore,
  isEqual,
  type TableDivergence,
  turned,
} from "../../../../src/operations/dolt/divergence.ts";
import { describeDivergence, describeSurplus } from "../../../../src/operations/dolt/divergence-text.ts";

const nothing = { databases: [], accounts: [] };

function divergence(changed: Partial<Divergence> = {}): Divergence {
  return { one: "orders-0", other: "orders-1", onlyOnOne: nothing, onlyOnOther: nothing, branches: [], ...changed };
}

function branch(
  one: BranchSide | null,
  other: BranchSide | null,
  base: string | null = "abcdefghij",
): BranchDivergence {
  return { database: "app", branch: "main", base, one, other };
}

function side(commits: number | null, dirty: boolean, changes: TableDivergence[] | null = []): BranchSide {
  const state = { name: "main", head: "headheadhead", headAtMs: 0, working: "w", staged: "s", dirty };
  return { state, commits, changes };
}

const rows = (onlyHere: number | null): TableDivergence[] => [
  { table: "t", added: 2, modified: 0, deleted: null, onlyHere },
];

describe("what one side holds that the other lacks", () => {
  it.each<[string, Divergence, boolean]>([
    ["nothing, where nothing differs", divergence(), true],
    ["a database", divergence({ onlyOnOne: { databases: ["stray"], accounts: [] } }), false],
    ["a user", divergence({ onlyOnOne: { databases: [], accounts: ["kept@%"] } }), false],
    [
      "nothing, when only the other has more",
      divergence({ onlyOnOther: { databases: ["more"], accounts: ["a@%"] } }),
      true,
    ],
    ["a branch", divergence({ branches: [branch(side(null, false, null), null)] }), false],
    [
      "nothing, when the branch is the other's",
      divergence({ branches: [branch(null, side(null, false, null))] }),
      true,
    ],
    ["a commit", divergence({ branches: [branch(side(1, false), side(0, false))] }), false],
    ["nothing at an older commit", divergence({ branches: [branch(side(0, false), side(3, true))] }), true],
    ["rows of its own", divergence({ branches: [branch(side(0, true, rows(1)), side(0, true))] }), false],
    [
      "nothing, when the other has all its rows",
      divergence({ branches: [branch(side(0, true, rows(0)), side(0, true))] }),
      true,
    ],
    ["what cannot be counted", divergence({ branches: [branch(side(0, true, rows(null)), side(0, true))] }), false],
    ["what cannot be read", divergence({ branches: [branch(side(0, true, null), side(0, true))] }), false],
    [
      "what has no common commit",
      divergence({ branches: [branch(side(null, false, null), side(null, false), null)] }),
      false,
    ],
  ])("%s", (_, found, expected) => {
    expect(holdsNothingMore(found, "one")).toBe(expected);
    expect(holdsNothingMore(turned(found), "other")).toBe(expected);
  });

  it("names each database once that has to be saved", () => {
    const found = divergence({
      onlyOnOne: { databases: ["stray"], accounts: [] },
      branches: [
        branch(side(1, false), side(0, false)),
        { ...branch(side(1, false), side(0, false)), branch: "feature" },
        { ...branch(side(0, false), side(1, false)), database: "billing" },
      ],
    });
    expect(databasesAtStake(found, "one")).toEqual(["app", "stray"]);
    expect(databasesAtStake(found, "other")).toEqual(["billing"]);
    expect(isEqual(found)).toBe(false);
  });
});

describe("the words for it", () => {
  it("say that two hold the same", () => {
    expect(describeDivergence(divergence())).toEqual(["orders-0 and orders-1 hold the same."]);
  });

  it("tell of commits and rows of both sides", () => {
    const found = divergence({ branches: [branch(side(1, true, rows(1)), side(0, true, rows(null)))] });
    expect(describeDivergence(found)).toEqual([
      "app/main: the same up to commit abcdefgh. orders-0: head headhead, 1 commit more (newest 1970-01-01 00:00 UTC), t: rows 2 added since, 1 of them not on orders-1. orders-1: head headhead, t: rows 2 added since, too many to compare one by one.",
    ]);
  });

  it("count what would be too long to read", () => {
    const many = Array.from({ length: 20 }, (_, index) => ({
      ...branch(side(1, false), side(0, false)),
      branch: `b${index}`,
    }));
    const databases = Array.from({ length: 12 }, (_, index) => `d${index}`);
    const lines = describeDivergence(divergence({ branches: many, onlyOnOne: { databases, accounts: [] } }));
    expect(lines[0]).toBe("Only orders-0 has the database d0, d1, d2, d3, d4, d5, d6, d7 and 4 more.");
    expect(lines).toHaveLength(10);
    expect(lines.at(-1)).toBe("orders-0 and orders-1 differ in 12 more branches.");
  });

  it("tell of one side only what it stands to lose", () => {
    const found = divergence({ branches: [branch(side(0, true, rows(2)), side(0, false))] });
    expect(describeSurplus(found, "one")).toEqual([
      "app/main: orders-0: head headhead, t: rows 2 added since, 2 of them not on orders-1",
    ]);
  });
});
