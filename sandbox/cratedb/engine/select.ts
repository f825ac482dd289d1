import type { Expression, Query, Select } from "../sql/ast.ts";
import { sqlErrors } from "./errors.ts";
import { evaluate, isAggregate, nameOf, orderOf, type Row, type Scope } from "./evaluate.ts";

export interface ResultTable {
  readonly cols: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
}

/** A table as a query reads it. Rows may be slow to make; they are read once, in their columns' order. */
export interface Relation {
  readonly columns: readonly string[];
  readonly rows: readonly Row[];
}

export interface QueryContext {
  /** Throws for a relation that is not there, or not for this user. */
  relation(schema: string | null, name: string): Promise<Relation>;
  readonly args: readonly unknown[];
  readonly user: string;
  readonly nowMs: number;
}

export async function runQuery(query: Query, context: QueryContext): Promise<ResultTable> {
  const parts: SelectedRows[] = [];
  for (const select of query.selects) parts.push(await runSelect(select, context));
  const [first] = parts;
  if (first === undefined) return { cols: [], rows: [] };
  if (parts.some(({ cols }) => cols.length !== first.cols.length)) {
    throw sqlErrors.unsupported("Number of output columns must be the same for all parts of a UNION");
  }
  const selected = parts.flatMap(({ rows }) => rows);
  const ordered = query.orderBy.length === 0 ? selected : inOrder(selected, query, first, context);
  const limits = [query.offset, query.limit].map((one) =>
    one === null ? null : Number(evaluate(one, emptyScope(context))),
  );
  const [offset = null, limit = null] = limits;
  const from = offset ?? 0;
  const rows = ordered.map(({ values }) => values).slice(from, limit === null ? undefined : from + limit);
  return { cols: first.cols, rows };
}

interface SelectedRow {
  readonly values: readonly unknown[];
  readonly scope: Scope;
}

interface SelectedRows {
  readonly cols: readonly string[];
  readonly items: readonly { readonly expression: Expression; readonly alias: string | null }[];
  readonly rows: readonly SelectedRow[];
}

async function runSelect(select: Select, context: QueryContext): Promise<SelectedRows> {
  const { from } = select;
  const relation = from === null ? { columns: [], rows: [{}] } : await relationOf(from, context);
  const columns = new Set(relation.columns);
  const base = { columns, args: context.args, user: context.user, nowMs: context.nowMs };
  const items = select.items.flatMap(({ expression, alias }) =>
    expression === null
      ? // Columns stand in the order of their names in CrateDB's system tables.
        relation.columns.toSorted().map((name) => ({ expression: columnOf(name), alias: null }))
      : [{ expression, alias }],
  );
  const cols = items.map(({ expression, alias }) => alias ?? nameOf(expression));
  const scopeOf = (row: Row): Scope => ({ ...base, row: from === null ? null : row, group: null });
  // The condition first, then the items from left to right: one row tells other things in another order.
  const kept = relation.rows
    .map(scopeOf)
    .filter((scope) => select.where === null || evaluate(select.where, scope) === true);
  const scopes = groups(select, items, kept, base);
  // Without any row, columns are checked all the same.
  if (relation.rows.length === 0) for (const { expression } of items) demandColumns(expression, columns);
  const rows = scopes.map((scope) => ({
    scope,
    values: items.map(({ expression }) => evaluate(expression, scope) ?? null),
  }));
  return { cols, items, rows: select.distinct ? distinct(rows) : rows };
}

async function relationOf(from: NonNullable<Select["from"]>, context: QueryContext): Promise<Relation> {
  if ("table" in from) return context.relation(from.table.schema, from.table.name);
  const { cols, rows } = await runQuery(from.query, context);
  return { columns: cols, rows: rows.map((row) => Object.fromEntries(cols.map((name, index) => [name, row[index]]))) };
}

function groups(
  { groupBy }: Select,
  items: SelectedRows["items"],
  kept: readonly Scope[],
  base: Omit<Scope, "row" | "group">,
): Scope[] {
  if (groupBy.length === 0 && !items.some(({ expression }) => isAggregate(expression))) return [...kept];
  const keys = groupBy.map((expression) => byOrdinal(expression, items));
  const byKey = new Map<string, Row[]>();
  if (groupBy.length === 0) byKey.set("", []);
  for (const scope of kept) {
    const key = groupBy.length === 0 ? "" : JSON.stringify(keys.map((expression) => evaluate(expression, scope)));
    const group = byKey.get(key) ?? [];
    if (scope.row !== null) group.push(scope.row);
    byKey.set(key, group);
  }
  return [...byKey.values()].map((group) => ({ ...base, row: group[0] ?? {}, group }));
}

/** `GROUP BY 1`, and names given with AS. */
function byOrdinal(expression: Expression, items: SelectedRows["items"]): Expression {
  if (expression.kind === "literal" && typeof expression.value === "number") {
    return items[expression.value - 1]?.expression ?? expression;
  }
  if (expression.kind !== "column") return expression;
  return items.find(({ alias }) => alias === expression.text)?.expression ?? expression;
}

function inOrder(rows: readonly SelectedRow[], { orderBy }: Query, { items }: SelectedRows, context: QueryContext) {
  const keyed = rows.map((row) => ({
    row,
    keys: orderBy.map(({ expression }) => {
      const item = byOrdinal(expression, items);
      const index = items.findIndex((one) => one.expression === item);
      return index === -1 ? evaluate(item, { ...row.scope, args: context.args }) : (row.values[index] ?? null);
    }),
  }));
  return keyed
    .toSorted((a, b) => {
      for (const [index, { descending }] of orderBy.entries()) {
        const [x = null, y = null] = [a.keys[index], b.keys[index]];
        // Nulls are the greatest.
        const order = x === null || y === null ? Number(x === null) - Number(y === null) : orderOf(x, y);
        if (order !== 0) return descending ? -order : order;
      }
      return 0;
    })
    .map(({ row }) => row);
}

function distinct(rows: readonly SelectedRow[]): SelectedRow[] {
  return [...new Map(rows.map((row) => [JSON.stringify(row.values), row])).values()];
}

function demandColumns(expression: Expression, columns: ReadonlySet<string>): void {
  if (expression.kind === "column" && !columns.has(expression.path[0] ?? "")) throw sqlErrors.noColumn(expression.text);
}

function columnOf(name: string): Expression {
  return { kind: "column", path: [name], text: name };
}

function emptyScope({ args, user, nowMs }: QueryContext): Scope {
  return { row: null, group: null, columns: new Set(), args, user, nowMs };
}
