import type { Expression, SelectItem, SelectStatement } from "../sql/ast.ts";
import { type Column, type ColumnType, type ResultSet, SqlError, type SqlValue } from "../sql/values.ts";
import { evaluate, isTrue, type Scope } from "./expression.ts";
import { compareValues, type Row } from "./table.ts";

/** Rows to select from, with the names of their columns. */
export interface Source {
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
}

type OuterScope = Omit<Scope, "column">;

interface NamedExpression {
  readonly expression: Expression;
  readonly name: string;
}

const AGGREGATES = new Set(["count", "max", "min", "sum", "group_concat"]);
const DATE_FUNCTIONS = new Set(["now", "utc_timestamp", "current_timestamp"]);

/** Runs a SELECT over its rows; `source` is undefined for one without FROM. */
export function runSelect(statement: SelectStatement, source: Source | undefined, outer: OuterScope): ResultSet {
  const from = source ?? { columns: [], rows: [[]] };
  const names = new Map(from.columns.map((column, index) => [column.name.toLowerCase(), index]));
  const scopeOf = (row: Row): Scope => ({ ...outer, column: (name) => row[indexOf(names, name)] ?? null });
  const items = statement.items.flatMap((item) => expandItem(item, from.columns));
  // Names are looked at even where there is no row to show them wrong.
  for (const { expression } of items) checkColumns(expression, names);
  const { where } = statement;
  if (where !== undefined) checkColumns(where, names);
  const matching = where === undefined ? from.rows : from.rows.filter((row) => isTrue(evaluate(where, scopeOf(row))));
  const rows = items.some(({ expression }) => hasAggregate(expression))
    ? [items.map(({ expression }) => evaluateAggregate(expression, matching, scopeOf, outer))]
    : sortRows(statement, matching, items, scopeOf).map((row) =>
        items.map(({ expression }) => evaluate(expression, scopeOf(row))),
      );
  const columns = items.map(({ expression, name }, index) =>
    describe(expression, name, from.columns, names, rows, index),
  );
  return { columns, rows: cut(statement, rows, outer) };
}

function expandItem(item: SelectItem, columns: readonly Column[]): NamedExpression[] {
  if (item.kind === "expression") return [{ expression: item.expression, name: item.name }];
  return columns.map(({ name }) => ({ expression: { kind: "column", name, table: undefined }, name }));
}

function indexOf(names: ReadonlyMap<string, number>, name: string): number {
  const index = names.get(name.toLowerCase());
  if (index === undefined) throw new SqlError(`column "${name}" could not be found in any table in scope`);
  return index;
}

function* parts(expression: Expression): Generator<Expression> {
  yield expression;
  switch (expression.kind) {
    case "call":
      for (const argument of expression.arguments) yield* parts(argument);
      return;
    case "binary":
      yield* parts(expression.left);
      yield* parts(expression.right);
      return;
    case "not":
    case "negate":
    case "isNull":
      yield* parts(expression.operand);
      return;
    case "in":
      yield* parts(expression.operand);
      for (const item of expression.list) yield* parts(item);
      return;
    case "literal":
    case "parameter":
    case "column":
    case "variable":
      return;
  }
}

function checkColumns(expression: Expression, names: ReadonlyMap<string, number>): void {
  for (const part of parts(expression)) if (part.kind === "column") indexOf(names, part.name);
}

function hasAggregate(expression: Expression): boolean {
  for (const part of parts(expression)) if (part.kind === "call" && AGGREGATES.has(part.name)) return true;
  return false;
}

function evaluateAggregate(
  expression: Expression,
  rows: readonly Row[],
  scopeOf: (row: Row) => Scope,
  outer: OuterScope,
): SqlValue {
  if (expression.kind === "call" && AGGREGATES.has(expression.name)) {
    const [argument] = expression.arguments;
    if (expression.star || argument === undefined) return rows.length;
    const values = rows.map((row) => evaluate(argument, scopeOf(row))).filter((value) => value !== null);
    return aggregate(expression.name, values);
  }
  if (expression.kind === "binary") {
    const side = (part: Expression): Expression => ({
      kind: "literal",
      value: evaluateAggregate(part, rows, scopeOf, outer),
    });
    return evaluate(
      { ...expression, left: side(expression.left), right: side(expression.right) },
      { ...outer, column: () => null },
    );
  }
  const [first] = rows;
  return first === undefined
    ? evaluate(expression, { ...outer, column: () => null })
    : evaluate(expression, scopeOf(first));
}

function aggregate(name: string, values: readonly (string | number)[]): SqlValue {
  if (name === "count") return values.length;
  if (values.length === 0) return null;
  if (name === "sum") return values.reduce<number>((sum, value) => sum + Number(value), 0);
  if (name === "group_concat") return values.join(",");
  const sign = name === "max" ? 1 : -1;
  return values.reduce((best, value) => (compareValues(value, best) * sign > 0 ? value : best));
}

/** A whole number in ORDER BY is a column of the result, counted from 1; a name may be one that the statement gave. */
function ordered(expression: Expression, items: readonly NamedExpression[]): Expression {
  if (expression.kind === "literal" && typeof expression.value === "number") {
    const item = items[expression.value - 1];
    if (item === undefined) throw new SqlError(`column "${expression.value}" could not be found in any table in scope`);
    return item.expression;
  }
  if (expression.kind !== "column") return expression;
  return items.find(({ name }) => name.toLowerCase() === expression.name.toLowerCase())?.expression ?? expression;
}

function sortRows(
  statement: SelectStatement,
  rows: readonly Row[],
  items: readonly NamedExpression[],
  scopeOf: (row: Row) => Scope,
): readonly Row[] {
  if (statement.orderBy.length === 0) return rows;
  const keyed = rows.map((row) => ({
    row,
    keys: statement.orderBy.map(({ expression }) => evaluate(ordered(expression, items), scopeOf(row))),
  }));
  keyed.sort((a, b) => {
    for (const [index, { descending }] of statement.orderBy.entries()) {
      const order = compareValues(a.keys[index] ?? null, b.keys[index] ?? null);
      if (order !== 0) return descending ? -order : order;
    }
    return 0;
  });
  return keyed.map(({ row }) => row);
}

function cut(statement: SelectStatement, rows: readonly Row[], outer: OuterScope): readonly Row[] {
  const number = (expression: Expression | undefined, otherwise: number) =>
    expression === undefined ? otherwise : Number(evaluate(expression, { ...outer, column: () => null }));
  const start = number(statement.offset, 0);
  return rows.slice(start, start + number(statement.limit, rows.length));
}

function describe(
  expression: Expression,
  name: string,
  columns: readonly Column[],
  names: ReadonlyMap<string, number>,
  rows: readonly Row[],
  index: number,
): Column {
  if (expression.kind === "column") {
    const column = columns[indexOf(names, expression.name)];
    if (column !== undefined) return { ...column, name };
  }
  if (expression.kind === "call" && DATE_FUNCTIONS.has(expression.name)) return { name, type: "datetime" };
  return { name, type: typeOf(rows.map((row) => row[index] ?? null)) };
}

function typeOf(values: readonly SqlValue[]): ColumnType {
  const known = values.filter((value) => value !== null);
  if (known.length === 0) return "null";
  if (known.every((value) => Number.isInteger(value))) return "bigint";
  return known.every((value) => typeof value === "number") ? "double" : "text";
}
