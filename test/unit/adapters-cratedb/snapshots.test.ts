import { describe, expect, it } from "vitest";
import { snapshotStatement } from "../../../src/adapters/cratedb/snapshots.ts";
import { inherited } from "../../../src/adapters/cratedb/user.ts";

describe("a statement that works on snapshots", () => {
  it.each([
    ["CREATE SNAPSHOT backups.nightly ALL WITH (wait_for_completion=true)", "CREATE SNAPSHOT backups.nightly ALL"],
    ['create  snapshot "b"."n" TABLE doc.secret', 'create snapshot "b"."n" TABLE'],
    ["/* by cron */ CREATE SNAPSHOT b.n -- now\n ALL", "CREATE SNAPSHOT b.n ALL"],
    ["RESTORE SNAPSHOT b.n TABLE t (day = 'secret')", "RESTORE SNAPSHOT b.n TABLE"],
    ["SELECT stmt FROM sys.jobs WHERE stmt ILIKE '%SNAPSHOT%'", null],
    ["DROP SNAPSHOT b.n", null],
  ])("%s", (statement, expected) => {
    expect(snapshotStatement(statement)).toBe(expected);
  });
});

describe("roles", () => {
  it("are inherited through any number of steps, each once, in circles too", () => {
    const roles = new Map([
      ["a", ["b"]],
      ["b", ["c", "a"]],
      ["c", []],
    ]);

    expect(inherited(["a"], roles).toSorted()).toEqual(["a", "b", "c"]);
  });
});
