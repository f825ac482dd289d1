import type { Expression } from "./ast.ts";
import type { Reader } from "./reader.ts";

const comparisons = ["=", "<>", "!=", "<=", ">=", "<", ">"];

export function readExpression(reader: Reader): Expression {
  return binary(reader, ["or"], (inner) => binary(inner, ["and"], negation));
}

function negation(reader: Reader): Expression {
  if (reader.accept("not")) return { kind: "unary", operator: "not", operand: negation(reader) };
  return comparison(reader);
}

function comparison(reader: Reader): Expression {
  const left = sum(reader);
  const operator = comparisons.find((one) => reader.accept(one));
  if (operator !== undefined) {
    if (reader.accept("any", "(") || reader.accept("some", "(")) {
      const array = readExpression(reader);
      reader.expect(")");
      return { kind: "any", operator, left, array };
    }
    return { kind: "binary", operator, left, right: sum(reader) };
  }
  if (reader.accept("is")) {
    const negated = reader.accept("not");
    reader.expect("null");
    return { kind: "is_null", operand: left, negated };
  }
  const negated = reader.accept("not");
  if (reader.accept("in", "(")) {
    const list = reader.list(() => readExpression(reader));
    reader.expect(")");
    return { kind: "in", operand: left, list, negated };
  }
  if (reader.accept("like")) return { kind: "like", operand: left, pattern: sum(reader), negated, caseless: false };
  if (reader.accept("ilike")) return { kind: "like", operand: left, pattern: sum(reader), negated, caseless: true };
  if (negated) throw reader.unexpected();
  return left;
}

function sum(reader: Reader): Expression {
  return binary(reader, ["+", "-", "||"], (inner) => binary(inner, ["*", "/", "%"], unary));
}

function unary(reader: Reader): Expression {
  if (reader.accept("-")) return { kind: "unary", operator: "-", operand: unary(reader) };
  return postfix(reader);
}

function postfix(reader: Reader): Expression {
  let operand = primary(reader);
  for (;;) {
    if (reader.accept("::")) {
      operand = { kind: "cast", operand, type: typeName(reader) };
    } else if (reader.accept("[")) {
      const key = readExpression(reader);
      reader.expect("]");
      operand = subscripted(operand, key);
    } else {
      return operand;
    }
  }
}

/** `a['b']` of a column is the column below it; of anything else, a look-up. */
function subscripted(operand: Expression, key: Expression): Expression {
  if (operand.kind === "column" && key.kind === "literal" && typeof key.value === "string") {
    return { kind: "column", path: [...operand.path, key.value], text: `${operand.text}['${key.value}']` };
  }
  return { kind: "subscript", operand, key };
}

function primary(reader: Reader): Expression {
  const token = reader.peek();
  switch (token.kind) {
    case "string":
      reader.take();
      return { kind: "literal", value: token.text };
    case "number":
      reader.take();
      return { kind: "literal", value: Number(token.text) };
    case "parameter":
      reader.take();
      reader.parameters += 1;
      return { kind: "parameter", index: token.text === "?" ? reader.parameters - 1 : Number(token.text.slice(1)) - 1 };
    case "symbol":
      return bracketed(reader);
    case "quoted":
      return column(reader);
    case "word":
      return word(reader, token.text);
    case "end":
      throw reader.unexpected();
  }
}

function bracketed(reader: Reader): Expression {
  if (reader.accept("(")) {
    const inner = readExpression(reader);
    reader.expect(")");
    return inner;
  }
  if (reader.accept("[")) return array(reader);
  throw reader.unexpected();
}

function array(reader: Reader): Expression {
  const items = reader.sees("]") ? [] : reader.list(() => readExpression(reader));
  reader.expect("]");
  return { kind: "array", items };
}

const literals: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ["null", null],
  ["true", true],
  ["false", false],
]);

/** Words that are calls without parentheses. */
const bareCalls: readonly string[] = ["current_user", "session_user", "user", "current_timestamp", "current_schema"];

function word(reader: Reader, text: string): Expression {
  if (literals.has(text)) {
    reader.take();
    return { kind: "literal", value: literals.get(text) };
  }
  if (reader.accept("array", "[")) return array(reader);
  if (reader.accept("cast", "(") || reader.accept("try_cast", "(")) {
    const operand = readExpression(reader);
    reader.expect("as");
    const type = typeName(reader);
    reader.expect(")");
    return { kind: "cast", operand, type };
  }
  const next = reader.peek(1);
  if (next.kind === "symbol" && next.text === "(") return call(reader);
  if (bareCalls.includes(text) && !(next.kind === "symbol" && (next.text === "." || next.text === "["))) {
    reader.take();
    return { kind: "call", name: text, args: [], star: false, distinct: false };
  }
  return column(reader);
}

function call(reader: Reader): Expression {
  const name = reader.name();
  reader.expect("(");
  if (reader.accept("*")) {
    reader.expect(")");
    return { kind: "call", name, args: [], star: true, distinct: false };
  }
  const distinct = reader.accept("distinct");
  const args = reader.sees(")") ? [] : reader.list(() => readExpression(reader));
  reader.expect(")");
  return { kind: "call", name, args, star: false, distinct };
}

/** The last of dotted names is the column; what stands before it names the table. */
function column(reader: Reader): Expression {
  const names = [reader.name()];
  while (reader.accept(".")) names.push(reader.name());
  const name = names.at(-1) ?? "";
  return { kind: "column", path: [name], text: name };
}

/** `array(text)`, `double precision`, `text[]`. */
export function typeName(reader: Reader): string {
  let type = reader.name();
  while (
    reader.peek().kind === "word" &&
    ["precision", "varying", "with", "without", "time", "zone"].includes(reader.peek().text)
  ) {
    type += ` ${reader.name()}`;
  }
  if (reader.accept("(")) {
    let depth = 1;
    while (depth > 0) {
      const token = reader.take();
      if (token.kind === "end") throw reader.unexpected();
      if (token.kind === "symbol" && token.text === "(") depth += 1;
      if (token.kind === "symbol" && token.text === ")") depth -= 1;
    }
    type += "(…)";
  }
  return type;
}

function binary(reader: Reader, operators: readonly string[], operand: (reader: Reader) => Expression): Expression {
  let left = operand(reader);
  for (;;) {
    const operator = operators.find((one) => reader.accept(one));
    if (operator === undefined) return left;
    left = { kind: "binary", operator, left, right: operand(reader) };
  }
}
