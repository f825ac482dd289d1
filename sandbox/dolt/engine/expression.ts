import type { Expression } from "../sql/ast.ts";
import { SqlError, type SqlValue } from "../sql/values.ts";
import { compareValues } from "./table.ts";

/** Where an expression's names get their values from. Each throws the server's error for a name that does not exist. */
export interface Scope {
  readonly column: (name: string) => SqlValue;
  readonly parameter: (index: number) => SqlValue;
  readonly variable: (scope: "global" | "session", name: string, written: string) => SqlValue;
  /** Functions that are not aggregates. */
  readonly call: (name: string, args: readonly SqlValue[]) => SqlValue;
}

export function evaluate(expression: Expression, scope: Scope): SqlValue {
  switch (expression.kind) {
    case "literal":
      return expression.value;
    case "parameter":
      return scope.parameter(expression.index);
    case "column":
      return scope.column(expression.name);
    case "variable":
      return scope.variable(expression.scope, expression.name, expression.text);
    case "call":
      return scope.call(
        expression.name,
        expression.arguments.map((argument) => evaluate(argument, scope)),
      );
    case "not": {
      const value = evaluate(expression.operand, scope);
      return value === null ? null : Number(!isTrue(value));
    }
    case "negate": {
      const value = evaluate(expression.operand, scope);
      return value === null ? null : -Number(value);
    }
    case "isNull":
      return Number((evaluate(expression.operand, scope) === null) !== expression.negated);
    case "in":
      return evaluateIn(expression, scope);
    case "binary":
      return evaluateBinary(expression, scope);
  }
}

export function isTrue(value: SqlValue): boolean {
  return value !== null && Number(value) !== 0;
}

function evaluateIn(expression: Expression & { kind: "in" }, scope: Scope): SqlValue {
  const operand = evaluate(expression.operand, scope);
  if (operand === null) return null;
  const values = expression.list.map((item) => evaluate(item, scope));
  if (values.some((value) => value !== null && compare(operand, value) === 0)) return Number(!expression.negated);
  return values.includes(null) ? null : Number(expression.negated);
}

function evaluateBinary({ operator, left, right }: Expression & { kind: "binary" }, scope: Scope): SqlValue {
  const a = evaluate(left, scope);
  if (operator === "and" && a !== null && !isTrue(a)) return 0;
  if (operator === "or" && isTrue(a)) return 1;
  const b = evaluate(right, scope);
  if (operator === "<=>") return Number(a === null || b === null ? a === b : compare(a, b) === 0);
  if (operator === "and") return b !== null && !isTrue(b) ? 0 : a === null || b === null ? null : 1;
  if (operator === "or") return isTrue(b) ? 1 : a === null || b === null ? null : 0;
  if (a === null || b === null) return null;
  switch (operator) {
    case "=":
      return Number(compare(a, b) === 0);
    case "<>":
    case "!=":
      return Number(compare(a, b) !== 0);
    case "<":
      return Number(compare(a, b) < 0);
    case ">":
      return Number(compare(a, b) > 0);
    case "<=":
      return Number(compare(a, b) <= 0);
    case ">=":
      return Number(compare(a, b) >= 0);
    case "like":
      return Number(likePattern(String(b)).test(String(a)));
    case "+":
      return Number(a) + Number(b);
    case "-":
      return Number(a) - Number(b);
    case "*":
      return Number(a) * Number(b);
    case "/":
      return Number(b) === 0 ? null : Number(a) / Number(b);
    case "%":
      return Number(b) === 0 ? null : Number(a) % Number(b);
    default:
      throw new SqlError(`unsupported operator: ${operator}`);
  }
}

/** A number beside a text makes the text a number, as in MySQL. */
function compare(a: string | number, b: string | number): number {
  return typeof a === typeof b ? compareValues(a, b) : Number(a) - Number(b);
}

/** A LIKE pattern, where `%` is any text and `_` any character; letters match in either case. */
export function likePattern(pattern: string): RegExp {
  const source = pattern
    .replace(/[.*+?^${}()|[\]\\]/g, "\\$&")
    .replaceAll("%", "[\\s\\S]*")
    .replaceAll("_", "[\\s\\S]");
  return new RegExp(`^${source}$`, "i");
}
