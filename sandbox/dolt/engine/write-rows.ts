import type { Expression, Statement } from "../sql/ast.ts";
import { type ColumnType, SqlError, type SqlValue } from "../sql/values.ts";
import { evaluate, isTrue, type Scope } from "./expression.ts";
import type { Row, Table } from "./table.ts";

type OuterScope = Omit<Scope, "column">;

export interface Written {
  readonly table: Table;
  readonly affectedRows: number;
}

/** Runs an INSERT or REPLACE. MySQL counts a row that took the place of another as two. */
export function insertRows(table: Table, statement: Statement & { kind: "insert" }, outer: OuterScope): Written {
  const columns = statement.columns ?? table.columns.map(({ name }) => name);
  const indexes = columns.map((name) => columnIndex(table, name));
  let current = table;
  let affectedRows = 0;
  for (const expressions of statement.rows) {
    if (expressions.length !== indexes.length) {
      throw new SqlError("number of values does not match number of columns provided", 1136, "21S01");
    }
    const row: SqlValue[] = table.columns.map(() => null);
    expressions.forEach((expression, position) => {
      const index = indexes[position] ?? 0;
      row[index] = convert(table, index, evaluate(expression, { ...outer, column: unknownColumn }));
    });
    const key = table.keyOf(row);
    const existing = current.get(key);
    if (existing === undefined) {
      current = current.with(checked(table, row));
      affectedRows += 1;
    } else if (statement.replace) {
      current = current.with(checked(table, row));
      affectedRows += 2;
    } else if (statement.onDuplicate.length > 0) {
      const updated = assign(table, existing, statement.onDuplicate, outer, row);
      if (sameRow(existing, updated)) continue;
      current = replaceRow(current, key, updated);
      affectedRows += 2;
    } else if (!statement.ignore) {
      const shown = table.keyColumns.map((index) => row[index]).join(",");
      throw new SqlError(`duplicate primary key given: [${shown}]`, 1062, "HY000");
    }
  }
  return { table: current, affectedRows };
}

/** Runs an UPDATE; counts the rows matched, as Dolt does for clients that ask for found rows. */
export function updateRows(table: Table, statement: Statement & { kind: "update" }, outer: OuterScope): Written {
  let current = table;
  const matching = matchingRows(table, statement.where, outer);
  for (const row of matching) {
    const updated = assign(table, row, statement.assignments, outer, undefined);
    if (!sameRow(row, updated)) current = replaceRow(current, table.keyOf(row), updated);
  }
  return { table: current, affectedRows: matching.length };
}

export function deleteRows(table: Table, where: Expression | undefined, outer: OuterScope): Written {
  const matching = matchingRows(table, where, outer);
  const remaining = matching.reduce((current, row) => current.without(table.keyOf(row)), table);
  return { table: remaining, affectedRows: matching.length };
}

/** The rows that a condition on the whole primary key can name, or undefined when the condition is another one. */
export function rowsByKey(table: Table, where: Expression | undefined, outer: OuterScope): Row[] | undefined {
  const [keyColumn, ...more] = table.keyColumns;
  if (where === undefined || keyColumn === undefined || more.length > 0) return undefined;
  const isKey = (side: Expression) =>
    side.kind === "column" && side.name.toLowerCase() === table.columns[keyColumn]?.name.toLowerCase();
  const isConstant = (side: Expression) => side.kind === "literal" || side.kind === "parameter";
  let wanted: readonly Expression[];
  if (where.kind === "binary" && where.operator === "=" && isKey(where.left) && isConstant(where.right))
    wanted = [where.right];
  else if (where.kind === "in" && !where.negated && isKey(where.operand) && where.list.every(isConstant))
    wanted = where.list;
  else return undefined;
  const values = wanted.map((side) => evaluate(side, { ...outer, column: unknownColumn }));
  const keys = new Set(
    values.filter((value) => value !== null).map((value) => JSON.stringify([convert(table, keyColumn, value)])),
  );
  return [...keys].map((key) => table.get(key)).filter((row) => row !== undefined);
}

function matchingRows(table: Table, where: Expression | undefined, outer: OuterScope): readonly Row[] {
  const found = rowsByKey(table, where, outer);
  if (found !== undefined) return found;
  return table.rows().filter((row) => where === undefined || isTrue(evaluate(where, rowScope(table, row, outer))));
}

function assign(
  table: Table,
  row: Row,
  assignments: readonly { readonly column: string; readonly value: Expression }[],
  outer: OuterScope,
  inserted: Row | undefined,
): Row {
  const updated = [...row];
  for (const { column, value } of assignments) {
    const index = columnIndex(table, column);
    updated[index] = convert(table, index, evaluateAssigned(value, table, updated, outer, inserted));
  }
  return checked(table, updated);
}

/** `VALUES(column)` stands for what the INSERT wanted to write. */
function evaluateAssigned(
  value: Expression,
  table: Table,
  row: Row,
  outer: OuterScope,
  inserted: Row | undefined,
): SqlValue {
  if (value.kind === "call" && value.name === "values" && inserted !== undefined) {
    const [column] = value.arguments;
    if (column?.kind === "column") return inserted[columnIndex(table, column.name)] ?? null;
  }
  return evaluate(value, rowScope(table, row, outer));
}

function rowScope(table: Table, row: Row, outer: OuterScope): Scope {
  return { ...outer, column: (name) => row[columnIndex(table, name)] ?? null };
}

function replaceRow(table: Table, oldKey: string, row: Row): Table {
  return table.keyOf(row) === oldKey ? table.with(row) : table.without(oldKey).with(row);
}

function columnIndex(table: Table, name: string): number {
  const index = table.columns.findIndex((column) => column.name.toLowerCase() === name.toLowerCase());
  if (index === -1) throw new SqlError(`column "${name}" could not be found in any table in scope`);
  return index;
}

function unknownColumn(name: string): never {
  throw new SqlError(`column "${name}" could not be found in any table in scope`);
}

function checked(table: Table, row: Row): Row {
  table.columns.forEach((column, index) => {
    if (column.notNull && (row[index] ?? null) === null) {
      throw new SqlError(
        `column name '${column.name}' is non-nullable but attempted to set a value of null`,
        1048,
        "HY000",
      );
    }
  });
  return row;
}

const sameRow = (a: Row, b: Row) => a.every((value, index) => value === b[index]);

function convert(table: Table, index: number, value: SqlValue): SqlValue {
  const type: ColumnType = table.columns[index]?.type ?? "text";
  if (value === null || type === "null") return null;
  if (type === "text" || type === "datetime") return String(value);
  const number = Number(value);
  if (Number.isNaN(number)) throw new SqlError(`error: '${value}' is not a valid value for '${type}'`, 1366, "HY000");
  return type === "double" ? number : Math.round(number);
}
