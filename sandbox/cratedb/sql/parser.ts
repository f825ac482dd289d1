import type { Assignment, Expression, Query, Select, Statement, TableName } from "./ast.ts";
import { readExpression, typeName } from "./expressions.ts";
import { Reader } from "./reader.ts";

/**
 * Reads one statement. What it does not know is refused as CrateDB refuses what it cannot parse (400, code 4000): the simulator
 * never pretends to have done something.
 */
export function parseStatement(sql: string): Statement {
  const reader = new Reader(sql);
  const statement = read(reader);
  reader.end();
  return statement;
}

function read(reader: Reader): Statement {
  if (reader.sees("select") || reader.sees("(")) return query(reader);
  for (const [words, parse] of statements) if (reader.accept(...words)) return parse(reader);
  throw reader.unexpected();
}

const statements: readonly (readonly [words: readonly string[], parse: (reader: Reader) => Statement])[] = [
  [["set", "global"], setGlobal],
  [["reset", "global"], (reader) => ({ kind: "reset", names: reader.list(() => reader.dottedName()) })],
  [["alter", "cluster", "decommission"], (reader) => ({ kind: "decommission", node: readExpression(reader) })],
  [["alter", "cluster", "reroute", "retry", "failed"], () => ({ kind: "retry_failed" })],
  [["alter", "table"], alterTable],
  [["create", "table"], createTable],
  [
    ["drop", "table"],
    (reader) => ({ kind: "drop_table", ifExists: reader.accept("if", "exists"), table: tableName(reader) }),
  ],
  [["insert", "into"], insert],
  [["refresh", "table"], (reader) => ({ kind: "refresh", table: tableName(reader) })],
  [["update"], update],
  // Without IF NOT EXISTS, which does not parse here [ran on 6.4.1].
  [["create", "user"], (reader) => createRole(reader, true)],
  [["create", "role"], (reader) => createRole(reader, false)],
  [["drop", "user"], dropRole],
  [["drop", "role"], dropRole],
  [["grant"], (reader) => privileges(reader, "GRANT")],
  [["deny"], (reader) => privileges(reader, "DENY")],
  [["revoke"], (reader) => privileges(reader, "REVOKE")],
  [["create", "repository"], createRepository],
  [["drop", "repository"], (reader) => ({ kind: "drop_repository", name: reader.name() })],
  [["create", "snapshot"], createSnapshot],
  [["drop", "snapshot"], (reader) => ({ kind: "drop_snapshot", ...snapshotName(reader) })],
];

function query(reader: Reader): Query {
  const selects = [selectOrParens(reader)];
  while (reader.accept("union", "all")) selects.push(selectOrParens(reader));
  const orderBy = reader.accept("order", "by") ? reader.list(() => ordering(reader)) : [];
  const limit = reader.accept("limit") ? readExpression(reader) : null;
  const offset = reader.accept("offset") ? readExpression(reader) : null;
  return { kind: "query", selects, orderBy, limit, offset };
}

function ordering(reader: Reader): Query["orderBy"][number] {
  const expression = readExpression(reader);
  const descending = reader.accept("desc");
  if (!descending) reader.accept("asc");
  return { expression, descending };
}

function selectOrParens(reader: Reader): Select {
  if (!reader.accept("(")) return select(reader);
  const inner = select(reader);
  reader.expect(")");
  return inner;
}

function select(reader: Reader): Select {
  reader.expect("select");
  const distinct = reader.accept("distinct");
  const items = reader.list(() => selectItem(reader));
  const from = reader.accept("from") ? source(reader) : null;
  const where = reader.accept("where") ? readExpression(reader) : null;
  const groupBy = reader.accept("group", "by") ? reader.list(() => readExpression(reader)) : [];
  return { items, distinct, from, where, groupBy };
}

const clauses = ["from", "where", "group", "order", "limit", "offset", "union"];

function selectItem(reader: Reader): Select["items"][number] {
  if (reader.accept("*")) return { expression: null, alias: null };
  const expression = readExpression(reader);
  return { expression, alias: alias(reader) };
}

function alias(reader: Reader): string | null {
  if (reader.accept("as")) return reader.name();
  const { kind, text } = reader.peek();
  return kind === "quoted" || (kind === "word" && !clauses.includes(text)) ? reader.name() : null;
}

function source(reader: Reader): Select["from"] {
  if (reader.accept("(")) {
    const inner = query(reader);
    reader.expect(")");
    alias(reader);
    return { query: inner };
  }
  const table = tableName(reader);
  alias(reader);
  return { table };
}

function tableName(reader: Reader): TableName {
  const first = reader.name();
  return reader.accept(".") ? { schema: first, name: reader.name() } : { schema: null, name: first };
}

function setGlobal(reader: Reader): Statement {
  const isPersistent = reader.accept("persistent");
  if (!isPersistent) reader.accept("transient");
  const assignments = reader.list((): Assignment => {
    const name = reader.dottedName();
    if (!reader.accept("=")) reader.expect("to");
    return { name, value: settingValue(reader) };
  });
  return { kind: "set", scope: isPersistent ? "persistent" : "transient", assignments };
}

/** A bare word is a text here: SET GLOBAL … = primaries. */
function settingValue(reader: Reader): Expression {
  const { kind, text } = reader.peek();
  if (kind === "word" && !["null", "true", "false", "array"].includes(text)) {
    reader.take();
    return { kind: "literal", value: text };
  }
  return readExpression(reader);
}

function assignment(reader: Reader): Assignment {
  const name = reader.dottedName();
  reader.expect("=");
  return { name, value: readExpression(reader) };
}

function options(reader: Reader): Assignment[] {
  if (!reader.accept("with")) return [];
  reader.expect("(");
  const all = reader.list(() => assignment(reader));
  reader.expect(")");
  return all;
}

function createTable(reader: Reader): Statement {
  const ifNotExists = reader.accept("if", "not", "exists");
  const table = tableName(reader);
  reader.expect("(");
  const columns = reader.list(() => columnDefinition(reader));
  reader.expect(")");
  let shards: Expression | null = null;
  const partitionedBy: string[] = [];
  for (;;) {
    if (reader.accept("clustered")) {
      if (reader.accept("by", "(")) {
        reader.name();
        reader.expect(")");
      }
      if (reader.accept("into")) {
        shards = readExpression(reader);
        reader.expect("shards");
      }
    } else if (reader.accept("partitioned", "by", "(")) {
      partitionedBy.push(...reader.list(() => reader.name()));
      reader.expect(")");
    } else {
      break;
    }
  }
  return { kind: "create_table", table, ifNotExists, columns, shards, partitionedBy, settings: options(reader) };
}

function columnDefinition(reader: Reader): { name: string; type: string } {
  const name = reader.name();
  const type = typeName(reader);
  if (reader.accept("primary")) reader.expect("key");
  if (reader.accept("not")) reader.expect("null");
  return { name, type };
}

function alterTable(reader: Reader): Statement {
  const table = tableName(reader);
  const partition: Assignment[] = [];
  if (reader.accept("partition", "(")) {
    partition.push(...reader.list(() => assignment(reader)));
    reader.expect(")");
  }
  if (reader.accept("set", "(")) {
    const set = reader.list(() => assignment(reader));
    reader.expect(")");
    return { kind: "alter_table", table, partition, set, reset: [] };
  }
  reader.expect("reset", "(");
  const reset = reader.list(() => reader.dottedName());
  reader.expect(")");
  return { kind: "alter_table", table, partition, set: [], reset };
}

function insert(reader: Reader): Statement {
  const table = tableName(reader);
  const columns: string[] = [];
  if (reader.accept("(")) {
    columns.push(...reader.list(() => reader.name()));
    reader.expect(")");
  }
  reader.expect("values");
  const rows = reader.list(() => {
    reader.expect("(");
    const row = reader.list(() => readExpression(reader));
    reader.expect(")");
    return row;
  });
  return { kind: "insert", table, columns, rows };
}

function update(reader: Reader): Statement {
  const table = tableName(reader);
  reader.expect("set");
  const assignments = reader.list(() => assignment(reader));
  const where = reader.accept("where") ? readExpression(reader) : null;
  return { kind: "update", table, assignments, where };
}

function createRole(reader: Reader, isUser: boolean): Statement {
  const name = reader.name();
  return { kind: "create_role", name, isUser, options: options(reader) };
}

function dropRole(reader: Reader): Statement {
  const ifExists = reader.accept("if", "exists");
  return { kind: "drop_role", name: reader.name(), ifExists };
}

function privileges(reader: Reader, action: "GRANT" | "DENY" | "REVOKE"): Statement {
  const isAll = reader.accept("all");
  if (isAll) reader.accept("privileges");
  const what = isAll ? [] : reader.list(() => reader.name());
  let of: "CLUSTER" | "SCHEMA" | "TABLE" = "CLUSTER";
  const idents: string[] = [];
  if (reader.accept("on")) {
    of = reader.accept("schema") ? "SCHEMA" : "TABLE";
    if (of === "TABLE") reader.expect("table");
    idents.push(...reader.list(() => reader.dottedName()));
  }
  reader.expect(action === "REVOKE" ? "from" : "to");
  return { kind: "privileges", action, what, class: of, idents, grantees: reader.list(() => reader.name()) };
}

function createRepository(reader: Reader): Statement {
  const name = reader.name();
  reader.expect("type");
  const type = reader.name();
  options(reader);
  return { kind: "create_repository", name, type };
}

function snapshotName(reader: Reader): { repository: string; name: string } {
  const repository = reader.name();
  reader.expect(".");
  return { repository, name: reader.name() };
}

function createSnapshot(reader: Reader): Statement {
  const { repository, name } = snapshotName(reader);
  const tables: TableName[] = [];
  if (!reader.accept("all")) {
    reader.expect("table");
    tables.push(...reader.list(() => tableName(reader)));
  }
  return { kind: "create_snapshot", repository, name, tables, options: options(reader) };
}
