import { describe, expect, it } from "vitest";
import type { BranchDivergence, BranchSide, Divergence } from "../../../../src/operations/dolt/divergence.ts";
import { type LastContact, orderOf } from "../../../../src/operations/dolt/freshness.ts";
import { reachedSince } from "../../../../src/operations/dolt/freshness-look.ts";

const none = { databases: [], accounts: [] };

function divergence(branches: readonly BranchDivergence[], over: Partial<Divergence> = {}): Divergence {
  return { one: "a-1", other: "a-2", onlyOnOne: none, onlyOnOther: none, branches, ...over };
}

/** `commits` after the base; `rows`: changed ones that the other lacks. */
function side(commits: number | null, rows: number | null = 0): BranchSide {
  const state = { name: "main", head: "h", headAtMs: 0, working: "w", staged: "s", dirty: true };
  return { state, commits, changes: [{ table: "t", added: 1, modified: 0, deleted: 0, onlyHere: rows }] };
}

function branch(one: BranchSide | null, other: BranchSide | null, database = "app"): BranchDivergence {
  return { database, branch: "main", base: "b", one, other };
}

/** How long ago the primary reached each of the two, in ms; undefined: not since it started. */
function contacts(one: number | undefined, other: number | undefined, database = "app") {
  return (pod: string): LastContact => {
    const ago = pod === "a-1" ? one : other;
    return ago === undefined ? new Map() : new Map([[database, ago]]);
  };
}

const near = contacts(10_000, 10_900);

describe("of two standbys", () => {
  it.each<[string, Divergence, (pod: string) => LastContact, object]>([
    ["that hold the same, none is newer", divergence([]), near, { kind: "equal" }],
    [
      "the one with all commits and more is newer",
      divergence([branch(side(0), side(3))]),
      near,
      { pod: "a-2", basis: "commits" },
    ],
    [
      "commits win over a later contact",
      divergence([branch(side(2), side(0))]),
      contacts(60_000, 1_000),
      { pod: "a-1", basis: "commits" },
    ],
    [
      "each with commits of its own, it is unclear",
      divergence([branch(side(1), side(1))]),
      contacts(60_000, 1_000),
      { kind: "unclear" },
    ],
    [
      "without a common commit it is unclear",
      divergence([branch(side(null), side(null))]),
      contacts(60_000, 1_000),
      { kind: "unclear" },
    ],
    [
      "the later contact decides where commits are the same",
      divergence([branch(side(0, 1), side(0, 1))]),
      contacts(12_000, 9_000),
      { pod: "a-2", basis: "contact" },
    ],
    [
      "contacts 2 s apart are enough",
      divergence([branch(side(0, 1), side(0, 1))]),
      contacts(9_000, 11_000),
      { pod: "a-1", basis: "contact" },
    ],
    [
      "contacts too near and rows on both sides: unclear",
      divergence([branch(side(0, 1), side(0, 1))]),
      near,
      { kind: "unclear" },
    ],
    [
      "contacts too near, all rows on one side: by rows",
      divergence([branch(side(0, 5), side(0, 0))]),
      near,
      { pod: "a-1", basis: "rows" },
    ],
    [
      "all rows of one on the other, whose own could not be counted: by rows",
      divergence([branch(side(0, null), side(0, 0))]),
      near,
      { pod: "a-1", basis: "rows" },
    ],
    [
      "rows that could not be counted on either side: unclear",
      divergence([branch(side(0, null), side(0, null))]),
      near,
      { kind: "unclear" },
    ],
    [
      "rows against the contact: unclear",
      divergence([branch(side(0, 5), side(0, 0))]),
      contacts(12_000, 9_000),
      { kind: "unclear" },
    ],
    [
      "a restarted one has no contact: by rows",
      divergence([branch(side(0, 0), side(0, 4))]),
      contacts(9_000, undefined),
      { pod: "a-2", basis: "rows" },
    ],
    [
      "a restarted one has no contact, rows on both sides: unclear",
      divergence([branch(side(0, 2), side(0, 4))]),
      contacts(9_000, undefined),
      { kind: "unclear" },
    ],
    [
      "each newer in another database: unclear",
      divergence([branch(side(0), side(1)), branch(side(1), side(0), "bill")]),
      near,
      { kind: "unclear" },
    ],
    [
      "the weakest proof is told",
      divergence([branch(side(0), side(1)), branch(side(0, 0), side(0, 2), "bill")]),
      near,
      { pod: "a-2", basis: "rows" },
    ],
    [
      "a branch on one only: by contact",
      divergence([branch(side(null), null)]),
      contacts(12_000, 9_000),
      { pod: "a-2", basis: "contact" },
    ],
    [
      "a branch on one only, contacts too near: unclear",
      divergence([branch(side(null), null)]),
      near,
      { kind: "unclear" },
    ],
    [
      "a database on one only: by contact",
      divergence([], { onlyOnOne: { databases: ["x"], accounts: [] } }),
      contacts(9_000, 12_000),
      { pod: "a-1", basis: "contact" },
    ],
    [
      "a database on one only, contacts too near: unclear",
      divergence([], { onlyOnOther: { databases: ["x"], accounts: [] } }),
      near,
      { kind: "unclear" },
    ],
  ])("%s", (_, diverged, heard, expected) => {
    expect(orderOf(diverged, heard)).toMatchObject(expected);
  });
});

describe("a standby was reached by a primary", () => {
  it.each<[string, Record<string, Record<string, number>>, Record<string, Record<string, number>>, string[]]>([
    ["not while its contacts stay", { "a-1": { app: 5 } }, { "a-1": { app: 5 } }, []],
    ["when one moves", { "a-1": { app: 5, bill: 5 } }, { "a-1": { app: 5, bill: 6 } }, ["a-1"]],
    ["when one is new", { "a-1": {} }, { "a-1": { app: 6 } }, ["a-1"]],
    ["not when it restarted, which clears them", { "a-1": { app: 5 } }, { "a-1": {} }, []],
    ["not when it did not answer before", {}, { "a-1": { app: 6 } }, []],
  ])("%s", (_, before, now, expected) => {
    expect(reachedSince(before, now)).toEqual(expected);
  });
});
