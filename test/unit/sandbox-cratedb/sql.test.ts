import { array, assert, asyncProperty, constantFrom, property, string } from "fast-check";
import { describe, expect, it } from "vitest";
import { CrateSqlError } from "../../../sandbox/cratedb/engine/errors.ts";
import { runQuery } from "../../../sandbox/cratedb/engine/select.ts";
import { parseStatement } from "../../../sandbox/cratedb/sql/parser.ts";
import { identifier, literal } from "../../../src/adapters/cratedb/sql.ts";

const rows = [
  { name: "a", size: 3, node: { name: "data-0", id: "x" }, tags: ["p", "q"], nothing: null },
  { name: "b", size: 5, node: { name: "data-1", id: "y" }, tags: [], nothing: null },
  { name: "c", size: 4, node: { name: "data-0", id: "x" }, tags: null, nothing: null },
];

async function ask(sql: string, ...args: unknown[]) {
  const statement = parseStatement(sql);
  if (statement.kind !== "query") throw new Error("no query");
  const relation = async () => ({ columns: ["name", "size", "node", "tags", "nothing"], rows });
  return runQuery(statement, { relation, args, user: "crate", nowMs: 0 });
}

const values = async (sql: string, ...args: unknown[]) => (await ask(sql, ...args)).rows;

describe("queries", () => {
  it.each([
    ["SELECT name FROM t WHERE size > 3 ORDER BY size DESC", [["b"], ["c"]]],
    ["SELECT node['name'], count(*) FROM t WHERE node['name'] = ANY(['data-0', 'data-9']) GROUP BY 1", [["data-0", 2]]],
    ["SELECT max(size), min(size), sum(size), count(nothing) FROM t", [[5, 3, 12, 0]]],
    ["SELECT name FROM t WHERE name IN ('a', 'c') AND NOT size = 3", [["c"]]],
    ["SELECT name FROM t WHERE nothing = 1 OR name LIKE 'b%'", [["b"]]],
    ["SELECT name FROM t WHERE nothing IS NULL AND name ILIKE 'A'", [["a"]]],
    ["SELECT count(*) = 1 FROM t WHERE name = 'a'", [[true]]],
    ["SELECT name AS n FROM t ORDER BY n LIMIT 1 OFFSET 1", [["b"]]],
    ["SELECT upper(name) || '-' || size::text FROM t LIMIT 1", [["A-3"]]],
    ["SELECT current_user, 1 + 2 * 3, coalesce(NULL, 'x')", [["crate", 7, "x"]]],
    // crate-operator's question for the health of everything (cratedb.py).
    [
      "SELECT max(severity) FROM (  SELECT CAST(max(size) as integer) as severity FROM t  UNION ALL  SELECT CAST(9 as integer) as severity FROM t    WHERE nothing is null) sub;",
      [[9]],
    ],
  ])("%s", async (sql, expected) => {
    expect(await values(sql)).toEqual(expected);
  });

  it("take parameters by place and by number", async () => {
    expect(await values("SELECT name FROM t WHERE size = ? AND name = ?", 3, "a")).toEqual([["a"]]);
    expect(await values("SELECT $2, $1", "one", "two")).toEqual([["two", "one"]]);
  });

  it("name a column that is not there, whether there are rows or not", async () => {
    await expect(ask("SELECT nope FROM t")).rejects.toMatchObject({ status: 404, code: 4043 });
    await expect(ask("SELECT name FROM t WHERE nope = 1")).rejects.toMatchObject({ status: 404, code: 4043 });
  });
});

describe("reading a statement", () => {
  it.each([
    "CREATE USER IF NOT EXISTS bob",
    "SELEKT 1",
    "SELECT",
    "SELECT 1 FROM",
    "SET GLOBAL",
    "DROP DATABASE x",
    "SELECT 1; SELECT 2",
  ])("refuses “%s” as CrateDB does", (sql) => {
    expect(() => parseStatement(sql)).toThrow(expect.objectContaining({ status: 400, code: 4000 }));
  });

  it("never fails in any other way, whatever it is given", () => {
    const word = constantFrom(
      "SELECT",
      "FROM",
      "SET",
      "GLOBAL",
      "(",
      ")",
      "'",
      '"',
      ",",
      "t",
      "1",
      "WHERE",
      "=",
      "[",
      "]",
      "WITH",
      "ALTER",
      "TABLE",
      "/*",
      "--",
      "?",
    );
    const anything = array(word, { maxLength: 15 }).map((words) => words.join(" "));
    const check = (sql: string) => {
      try {
        parseStatement(sql);
      } catch (error) {
        expect(error).toBeInstanceOf(CrateSqlError);
      }
    };
    assert(property(anything, check), { numRuns: 500 });
    assert(property(string(), check), { numRuns: 300 });
  });

  it("gives back what was written as a literal, and as a name, whatever stands in it", async () => {
    await assert(
      asyncProperty(string(), async (text) => {
        expect(await values(`SELECT ${literal(text)}`)).toEqual([[text]]);
      }),
    );
    assert(
      property(string({ minLength: 1 }), (text) => {
        expect(parseStatement(`RESET GLOBAL ${identifier(text)}`)).toEqual({ kind: "reset", names: [text] });
      }),
    );
  });
});
