import { describe, expect, it } from "vitest";
import { mergeRoots, type Root, rootHash } from "../../../sandbox/dolt/engine/database.ts";
import { Table } from "../../../sandbox/dolt/engine/table.ts";

const EMPTY = Table.empty(
  [
    { name: "id", type: "bigint", notNull: true },
    { name: "v", type: "text", notNull: false },
  ],
  [0],
);
const rootOf = (...rows: readonly (readonly [number, string])[]): Root =>
  new Map([["t", rows.reduce((table, row) => table.with(row), EMPTY)]]);

describe("the simulated server's data", () => {
  it("has the same hash for the same rows, in whatever order they came", () => {
    expect(rootHash(rootOf([1, "a"], [2, "b"]))).toBe(rootHash(rootOf([2, "b"], [1, "x"], [1, "a"])));
    expect(rootHash(rootOf([1, "a"]))).not.toBe(rootHash(rootOf([1, "b"])));
    expect(rootHash(rootOf())).not.toBe(rootHash(new Map()));
  });

  it("gives rows in the order of the key, numbers as numbers", () => {
    const table = rootOf([10, "ten"], [9, "nine"]).get("t");

    expect(table?.rows().map(([id]) => id)).toEqual([9, 10]);
  });

  it("merges what two transactions wrote to different rows, and refuses the same row", () => {
    const base = rootOf([1, "a"], [2, "b"]);
    const theirs = new Map(base).set("t", base.get("t")?.with([1, "theirs"]) ?? EMPTY);
    const ours = new Map(base).set("t", base.get("t")?.without("[2]") ?? EMPTY);

    expect(rootHash(mergeRoots(base, theirs, ours))).toBe(rootHash(rootOf([1, "theirs"])));
    expect(() => mergeRoots(base, theirs, rootOf([1, "ours"], [2, "b"]))).toThrow("serialization failure");
  });
});
