import type {
  AccountName,
  Assignment,
  Expression,
  ParsedStatement,
  SelectItem,
  SelectStatement,
  Statement,
  TableName,
} from "./ast.ts";
import { parseCreateTable } from "./create-table-parser.ts";
import { parseExpression } from "./expression-parser.ts";
import { TokenStream } from "./token-stream.ts";

/** Reads one statement. Whatever this server does not know is a syntax error, never a silent success. */
export function parseStatement(sql: string): ParsedStatement {
  const stream = new TokenStream(sql);
  const statement = parseAny(stream);
  while (stream.acceptSymbol(";"));
  if (stream.peek().kind !== "end") stream.fail();
  return { statement, parameterCount: stream.parameterCount };
}

function parseAny(stream: TokenStream): Statement {
  const token = stream.next();
  if (token.kind !== "word") return stream.fail(token);
  switch (token.text.toLowerCase()) {
    case "select":
      return parseSelect(stream);
    case "insert":
      return parseInsert(stream, false);
    case "replace":
      return parseInsert(stream, true);
    case "update":
      return parseUpdate(stream);
    case "delete":
      stream.expectWords("from");
      return { kind: "delete", table: parseTableName(stream), where: parseWhere(stream) };
    case "call":
      return parseCall(stream);
    case "create":
      return parseCreate(stream);
    case "drop":
      return parseDrop(stream);
    case "grant":
      return parseGrant(stream);
    case "use":
      return { kind: "use", database: parseDatabaseName(stream) };
    case "set":
      return parseSet(stream);
    case "begin":
      return { kind: "begin" };
    case "start":
      stream.expectWords("transaction");
      return { kind: "begin" };
    case "commit":
      return { kind: "commit" };
    case "rollback":
      return { kind: "rollback" };
    case "kill": {
      const queryOnly = stream.acceptWords("query");
      if (!queryOnly) stream.acceptWords("connection");
      return { kind: "kill", connectionOnly: !queryOnly, id: parseExpression(stream) };
    }
    case "show":
      return parseShow(stream);
    default:
      return stream.fail(token);
  }
}

function parseSelect(stream: TokenStream): SelectStatement {
  const items = stream.list(() => parseSelectItem(stream));
  const from = stream.acceptWords("from") ? parseTableName(stream) : undefined;
  const fromArguments = from !== undefined && stream.atSymbol("(") ? parseArguments(stream) : undefined;
  if (from !== undefined && stream.acceptWords("as")) stream.expectName();
  const where = parseWhere(stream);
  const orderBy = stream.acceptWords("order", "by")
    ? stream.list(() => {
        const expression = parseExpression(stream);
        const descending = stream.acceptWords("desc");
        if (!descending) stream.acceptWords("asc");
        return { expression, descending };
      })
    : [];
  const limit = stream.acceptWords("limit") ? parseExpression(stream) : undefined;
  const offset = stream.acceptWords("offset") ? parseExpression(stream) : undefined;
  return { kind: "select", items, from, fromArguments, where, orderBy, limit, offset };
}

function parseSelectItem(stream: TokenStream): SelectItem {
  if (stream.acceptSymbol("*")) return { kind: "star" };
  const start = stream.peek().at;
  const expression = parseExpression(stream);
  const written = stream.sql.slice(start, stream.peek().at).trim();
  if (stream.acceptWords("as")) return { kind: "expression", expression, name: parseAlias(stream) };
  const token = stream.peek();
  const bareAlias = token.kind === "quoted" || (token.kind === "word" && !stream.atWord("from") && !isClause(stream));
  if (bareAlias) return { kind: "expression", expression, name: parseAlias(stream) };
  return { kind: "expression", expression, name: itemName(expression, written) };
}

function itemName(expression: Expression, written: string): string {
  if (expression.kind === "column") return expression.name;
  if (expression.kind === "literal" && typeof expression.value === "string") return expression.value;
  return written;
}

const isClause = (stream: TokenStream) => ["where", "order", "limit"].some((word) => stream.atWord(word));

function parseAlias(stream: TokenStream): string {
  const token = stream.next();
  return token.kind === "word" || token.kind === "quoted" || token.kind === "string" ? token.text : stream.fail(token);
}

function parseWhere(stream: TokenStream) {
  return stream.acceptWords("where") ? parseExpression(stream) : undefined;
}

function parseTableName(stream: TokenStream): TableName {
  const first = stream.expectName();
  return stream.acceptSymbol(".")
    ? { database: first, name: stream.expectName() }
    : { database: undefined, name: first };
}

/** `USE` takes `db/branch` also without backquotes. */
function parseDatabaseName(stream: TokenStream): string {
  const name = stream.expectName();
  return stream.acceptSymbol("/") ? `${name}/${stream.expectName()}` : name;
}

function parseInsert(stream: TokenStream, replace: boolean): Statement {
  const ignore = stream.acceptWords("ignore");
  stream.expectWords("into");
  const table = parseTableName(stream);
  let columns: string[] | undefined;
  if (stream.acceptSymbol("(")) {
    columns = stream.list(() => stream.expectName());
    stream.expectSymbol(")");
  }
  if (!stream.acceptWords("value")) stream.expectWords("values");
  const rows = stream.list(() => {
    stream.expectSymbol("(");
    const row = stream.list(() => parseExpression(stream));
    stream.expectSymbol(")");
    return row;
  });
  const onDuplicate = stream.acceptWords("on", "duplicate", "key", "update") ? parseAssignments(stream) : [];
  return { kind: "insert", table, columns, rows, onDuplicate, ignore, replace };
}

function parseUpdate(stream: TokenStream): Statement {
  const table = parseTableName(stream);
  stream.expectWords("set");
  const assignments = parseAssignments(stream);
  return { kind: "update", table, assignments, where: parseWhere(stream) };
}

function parseAssignments(stream: TokenStream): Assignment[] {
  return stream.list(() => {
    const column = stream.expectName();
    stream.expectSymbol("=");
    // `VALUES(column)` in ON DUPLICATE KEY UPDATE is a call whose name is otherwise reserved.
    if (stream.atWord("values")) {
      stream.next();
      stream.expectSymbol("(");
      const name = stream.expectName();
      stream.expectSymbol(")");
      return {
        column,
        value: { kind: "call", name: "values", arguments: [{ kind: "column", name, table: undefined }], star: false },
      };
    }
    return { column, value: parseExpression(stream) };
  });
}

function parseCall(stream: TokenStream): Statement {
  const procedure = stream.expectName().toLowerCase();
  return { kind: "call", procedure, arguments: stream.atSymbol("(") ? parseArguments(stream) : [] };
}

function parseArguments(stream: TokenStream): Expression[] {
  stream.expectSymbol("(");
  const args = stream.atSymbol(")") ? [] : stream.list(() => parseExpression(stream));
  stream.expectSymbol(")");
  return args;
}

function parseCreate(stream: TokenStream): Statement {
  if (stream.acceptWords("database") || stream.acceptWords("schema")) {
    const ifNotExists = stream.acceptWords("if", "not", "exists");
    return { kind: "createDatabase", name: stream.expectName(), ifNotExists };
  }
  if (stream.acceptWords("user")) {
    const ifNotExists = stream.acceptWords("if", "not", "exists");
    const account = parseAccount(stream);
    const password = stream.acceptWords("identified", "by") ? stream.expectString() : "";
    return { kind: "createUser", account, password, ifNotExists };
  }
  stream.expectWords("table");
  const ifNotExists = stream.acceptWords("if", "not", "exists");
  return parseCreateTable(stream, parseTableName(stream), ifNotExists);
}

function parseDrop(stream: TokenStream): Statement {
  if (stream.acceptWords("database") || stream.acceptWords("schema")) {
    const ifExists = stream.acceptWords("if", "exists");
    return { kind: "dropDatabase", name: stream.expectName(), ifExists };
  }
  if (stream.acceptWords("user")) {
    const ifExists = stream.acceptWords("if", "exists");
    return { kind: "dropUser", account: parseAccount(stream), ifExists };
  }
  stream.expectWords("table");
  const ifExists = stream.acceptWords("if", "exists");
  return { kind: "dropTable", table: parseTableName(stream), ifExists };
}

/** `GRANT ALL [PRIVILEGES] ON db.* | *.* TO user`: single privileges and single tables are not known here. */
function parseGrant(stream: TokenStream): Statement {
  stream.expectWords("all");
  stream.acceptWords("privileges");
  stream.expectWords("on");
  const database = stream.acceptSymbol("*") ? "*" : stream.expectName();
  stream.expectSymbol(".");
  stream.expectSymbol("*");
  stream.expectWords("to");
  const account = parseAccount(stream);
  stream.acceptWords("with", "grant", "option");
  return { kind: "grant", database, account };
}

function parseAccount(stream: TokenStream): AccountName {
  const part = () => {
    const token = stream.next();
    return token.kind === "word" || token.kind === "quoted" || token.kind === "string"
      ? token.text
      : stream.fail(token);
  };
  const user = part();
  const token = stream.peek();
  if (token.kind === "variable" && /^@[^@]/.test(token.text)) {
    stream.next();
    return { user, host: token.text.slice(1) };
  }
  return { user, host: stream.acceptSymbol("@") ? part() : "%" };
}

function parseSet(stream: TokenStream): Statement {
  if (stream.acceptWords("names")) {
    parseAlias(stream);
    if (stream.acceptWords("collate")) parseAlias(stream);
    return { kind: "setNames" };
  }
  const assignments = stream.list(() => {
    const target = parseSetTarget(stream);
    if (!stream.acceptSymbol(":=")) stream.expectSymbol("=");
    return { ...target, value: parseSetValue(stream) };
  });
  return { kind: "set", assignments };
}

function parseSetTarget(stream: TokenStream): { scope: "global" | "session" | "user"; name: string } {
  const token = stream.peek();
  if (token.kind === "variable") {
    stream.next();
    const [, scope, name] = /^@@(?:(\w+)\.)?(\w+)$/.exec(token.text) ?? [];
    if (name === undefined) return { scope: "user", name: token.text.toLowerCase() };
    return { scope: scope?.toLowerCase() === "global" ? "global" : "session", name: name.toLowerCase() };
  }
  const global = stream.acceptWords("global");
  if (!global) stream.acceptWords("session");
  return { scope: global ? "global" : "session", name: stream.expectName().toLowerCase() };
}

/** A bare word such as ON stands for its text. */
function parseSetValue(stream: TokenStream) {
  if (stream.acceptWords("on")) return { kind: "literal" as const, value: "on" };
  const expression = parseExpression(stream);
  if (expression.kind !== "column") return expression;
  return { kind: "literal" as const, value: expression.name };
}

function parseShow(stream: TokenStream): Statement {
  if (stream.acceptWords("databases") || stream.acceptWords("schemas")) return { kind: "showDatabases" };
  if (stream.acceptWords("warnings")) return { kind: "showWarnings" };
  if (stream.acceptWords("processlist") || stream.acceptWords("full", "processlist"))
    return { kind: "showProcesslist" };
  if (stream.acceptWords("tables")) {
    const named = stream.acceptWords("from") || stream.acceptWords("in");
    return { kind: "showTables", database: named ? stream.expectName() : undefined };
  }
  if (!stream.acceptWords("global")) stream.acceptWords("session");
  stream.expectWords("variables");
  return { kind: "showVariables", pattern: stream.acceptWords("like") ? stream.expectString() : undefined };
}
