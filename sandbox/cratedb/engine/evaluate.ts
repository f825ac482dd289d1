import type { Expression } from "../sql/ast.ts";
import { sqlErrors } from "./errors.ts";

export type Row = Readonly<Record<string, unknown>>;

export interface Scope {
  /** Null: there is no table. */
  readonly row: Row | null;
  /** All rows of the group, where aggregates are asked for. */
  readonly group: readonly Row[] | null;
  /** Names of the columns that there are. */
  readonly columns: ReadonlySet<string>;
  readonly args: readonly unknown[];
  readonly user: string;
  readonly nowMs: number;
}

const aggregates = ["count", "max", "min", "sum", "avg", "array_agg"];

export function isAggregate(expression: Expression): boolean {
  switch (expression.kind) {
    case "call":
      return aggregates.includes(expression.name) || expression.args.some(isAggregate);
    case "binary":
      return isAggregate(expression.left) || isAggregate(expression.right);
    case "cast":
    case "unary":
    case "is_null":
      return isAggregate(expression.operand);
    default:
      return false;
  }
}

/** The value of an expression; what compares with null is null. Throws CrateSqlError. */
export function evaluate(expression: Expression, scope: Scope): unknown {
  switch (expression.kind) {
    case "literal":
      return expression.value;
    case "parameter":
      if (expression.index >= scope.args.length) throw sqlErrors.illegal("Missing parameter");
      return scope.args[expression.index];
    case "column":
      return columnValue(expression, scope);
    case "call":
      return aggregates.includes(expression.name) ? aggregate(expression, scope) : call(expression, scope);
    case "unary":
      return negated(expression.operator, evaluate(expression.operand, scope));
    case "binary":
      return binary(expression, scope);
    case "is_null":
      return ((evaluate(expression.operand, scope) ?? null) === null) !== expression.negated;
    case "in": {
      const value = evaluate(expression.operand, scope);
      const items = expression.list.map((item) => evaluate(item, scope));
      return value === null ? null : items.some((item) => compare("=", value, item) === true) !== expression.negated;
    }
    case "any": {
      const value = evaluate(expression.left, scope);
      const array = evaluate(expression.array, scope);
      if (value === null || !Array.isArray(array)) return null;
      return array.some((item) => compare(expression.operator, value, item) === true);
    }
    case "like": {
      const value = evaluate(expression.operand, scope);
      const pattern = evaluate(expression.pattern, scope);
      if (value === null || pattern === null) return null;
      return likePattern(String(pattern), expression.caseless).test(String(value)) !== expression.negated;
    }
    case "array":
      return expression.items.map((item) => evaluate(item, scope));
    case "cast":
      return cast(evaluate(expression.operand, scope), expression.type);
    case "subscript":
      return subscript(evaluate(expression.operand, scope), evaluate(expression.key, scope));
  }
}

/** What the column of a result is called. */
export function nameOf(expression: Expression): string {
  switch (expression.kind) {
    case "column":
      return expression.text;
    case "call":
      return `${expression.name}(${expression.star ? "*" : expression.args.map(nameOf).join(", ")})`.replace(
        /\(\)$/,
        "",
      );
    case "literal":
      return typeof expression.value === "string" ? `'${expression.value}'` : String(expression.value);
    case "cast":
      return nameOf(expression.operand);
    case "binary":
      return `(${nameOf(expression.left)} ${expression.operator} ${nameOf(expression.right)})`;
    default:
      return expression.kind;
  }
}

function columnValue({ path, text }: Extract<Expression, { kind: "column" }>, { row, columns }: Scope): unknown {
  const [name = "", ...below] = path;
  if (row === null || !columns.has(name)) throw sqlErrors.noColumn(text);
  return below.reduce<unknown>(subscript, row[name] ?? null);
}

function subscript(value: unknown, key: unknown): unknown {
  // Below an array of objects, the values of all of them.
  if (Array.isArray(value))
    return typeof key === "number" ? (value[key - 1] ?? null) : value.map((item) => subscript(item, key));
  if (typeof value !== "object" || value === null) return null;
  return new Map(Object.entries(value)).get(String(key)) ?? null;
}

function aggregate({ name, args, star, distinct }: Extract<Expression, { kind: "call" }>, scope: Scope): unknown {
  const rows = scope.group ?? [];
  const [argument] = args;
  if (star || argument === undefined) return rows.length;
  const all = rows.map((row) => evaluate(argument, { ...scope, row, group: null })).filter((value) => value !== null);
  const values = distinct ? [...new Set(all)] : all;
  const numbers = values.map(Number);
  switch (name) {
    case "count":
      return values.length;
    case "array_agg":
      return values;
    case "sum":
      return values.length === 0 ? null : numbers.reduce((sum, value) => sum + value, 0);
    case "avg":
      return values.length === 0 ? null : numbers.reduce((sum, value) => sum + value, 0) / values.length;
    default:
      return values.reduce<unknown>((best, value) => {
        if (best === null) return value;
        return compare(name === "max" ? ">" : "<", value, best) === true ? value : best;
      }, null);
  }
}

function call({ name, args }: Extract<Expression, { kind: "call" }>, scope: Scope): unknown {
  const values = args.map((argument) => evaluate(argument, scope));
  const [first = null, second = null, third = null] = values;
  switch (name) {
    case "current_user":
    case "session_user":
    case "user":
      return scope.user;
    case "current_schema":
      return "doc";
    case "now":
    case "current_timestamp":
      return scope.nowMs;
    case "coalesce":
      return values.find((value) => value !== null) ?? null;
    case "upper":
      return first === null ? null : String(first).toUpperCase();
    case "lower":
      return first === null ? null : String(first).toLowerCase();
    case "concat":
      return values.map((value) => String(value ?? "")).join("");
    case "substr":
    case "substring":
      return first === null
        ? null
        : String(first).substr(Number(second) - 1, third === null ? undefined : Number(third));
    case "length":
    case "char_length":
      return first === null ? null : String(first).length;
    case "round":
      return first === null ? null : Math.round(Number(first));
    case "abs":
      return first === null ? null : Math.abs(Number(first));
    default:
      throw sqlErrors.noFunction(name);
  }
}

function negated(operator: "not" | "-", value: unknown): unknown {
  if (value === null) return null;
  return operator === "not" ? value !== true : -Number(value);
}

function binary({ operator, left, right }: Extract<Expression, { kind: "binary" }>, scope: Scope): unknown {
  const a = evaluate(left, scope);
  if (operator === "and") return a === false ? false : and(a, evaluate(right, scope));
  if (operator === "or") return a === true ? true : or(a, evaluate(right, scope));
  const b = evaluate(right, scope);
  if (a === null || b === null) return null;
  switch (operator) {
    case "||":
      return `${String(a)}${String(b)}`;
    case "+":
      return Number(a) + Number(b);
    case "-":
      return Number(a) - Number(b);
    case "*":
      return Number(a) * Number(b);
    case "/":
      return Number.isInteger(a) && Number.isInteger(b) ? Math.trunc(Number(a) / Number(b)) : Number(a) / Number(b);
    case "%":
      return Number(a) % Number(b);
    default:
      return compare(operator, a, b);
  }
}

function and(a: unknown, b: unknown): boolean | null {
  if (b === false) return false;
  return a === null || b === null ? null : true;
}

function or(a: unknown, b: unknown): boolean | null {
  if (b === true) return true;
  return a === null || b === null ? null : false;
}

export function compare(operator: string, a: unknown, b: unknown): boolean | null {
  if (a === null || b === null) return null;
  const order = orderOf(a, b);
  switch (operator) {
    case "=":
      return order === 0;
    case "<>":
    case "!=":
      return order !== 0;
    case "<":
      return order < 0;
    case "<=":
      return order <= 0;
    case ">":
      return order > 0;
    case ">=":
      return order >= 0;
    default:
      throw sqlErrors.unsupported(operator);
  }
}

export function orderOf(a: unknown, b: unknown): number {
  if (typeof a === "number" || typeof b === "number") return Number(a) - Number(b);
  const [x, y] = [a, b].map((value) => (typeof value === "object" ? JSON.stringify(value) : String(value)));
  return x === y ? 0 : (x ?? "") < (y ?? "") ? -1 : 1;
}

function likePattern(pattern: string, caseless: boolean): RegExp {
  const parts = pattern
    .replace(/[.*+?^${}()|[\]\\]/g, "\\$&")
    .replaceAll("%", "[\\s\\S]*")
    .replaceAll("_", "[\\s\\S]");
  return new RegExp(`^${parts}$`, caseless ? "i" : "");
}

function cast(value: unknown, type: string): unknown {
  if (value === null) return null;
  if (/^(integer|int|bigint|long|smallint|short|byte|real|float|double|numeric)/.test(type)) return Number(value);
  if (/^(text|string|varchar|char)/.test(type)) return String(value);
  if (type === "boolean") return String(value) === "true";
  return value;
}
