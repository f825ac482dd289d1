import type { ColumnDefinition, Statement, TableName } from "./ast.ts";
import { parseExpression } from "./expression-parser.ts";
import type { TokenStream } from "./token-stream.ts";
import type { ColumnType } from "./values.ts";

/** The types this server keeps, by the names SQL gives them. */
const TYPES: Readonly<Record<string, ColumnType>> = {
  bool: "tinyint",
  boolean: "tinyint",
  tinyint: "tinyint",
  smallint: "bigint",
  int: "bigint",
  integer: "bigint",
  bigint: "bigint",
  float: "double",
  double: "double",
  datetime: "datetime",
  timestamp: "datetime",
  char: "text",
  varchar: "text",
  text: "text",
  longtext: "text",
  json: "text",
};

/** Reads what follows the table's name. Foreign keys, indexes and generated columns are not known here. */
export function parseCreateTable(stream: TokenStream, table: TableName, ifNotExists: boolean): Statement {
  const columns: ColumnDefinition[] = [];
  const primaryKey: string[] = [];
  stream.expectSymbol("(");
  stream.list(() => {
    if (stream.acceptWords("primary", "key")) {
      stream.expectSymbol("(");
      primaryKey.push(...stream.list(() => stream.expectName()));
      stream.expectSymbol(")");
      return;
    }
    const { column, isKey } = parseColumn(stream);
    columns.push(column);
    if (isKey) primaryKey.push(column.name);
  });
  stream.expectSymbol(")");
  return { kind: "createTable", table, ifNotExists, columns, primaryKey };
}

function parseColumn(stream: TokenStream): { column: ColumnDefinition; isKey: boolean } {
  const name = stream.expectName();
  const typeToken = stream.next();
  const type = typeToken.kind === "word" ? TYPES[typeToken.text.toLowerCase()] : undefined;
  if (type === undefined) return stream.fail(typeToken);
  if (stream.acceptSymbol("(")) {
    stream.list(() => parseExpression(stream));
    stream.expectSymbol(")");
  }
  stream.acceptWords("unsigned");
  let isKey = false;
  let notNull = false;
  for (;;) {
    if (stream.acceptWords("primary", "key")) isKey = true;
    else if (stream.acceptWords("not", "null")) notNull = true;
    else if (!stream.acceptWords("null")) break;
  }
  return { column: { name, type, notNull: notNull || isKey }, isKey };
}
