import type { Statement } from "../sql/ast.ts";
import { SqlError } from "../sql/values.ts";
import { Table } from "./table.ts";

/** The empty table that a CREATE TABLE asks for. */
export function newTable(statement: Statement & { kind: "createTable" }): Table {
  return Table.empty(statement.columns, keyColumns(statement));
}

function keyColumns(statement: Statement & { kind: "createTable" }): number[] {
  if (statement.primaryKey.length === 0) {
    throw new SqlError("this server keeps only tables with a primary key");
  }
  return statement.primaryKey.map((key) => {
    const index = statement.columns.findIndex(({ name }) => name.toLowerCase() === key.toLowerCase());
    if (index === -1) throw new SqlError(`column "${key}" could not be found in any table in scope`);
    return index;
  });
}
