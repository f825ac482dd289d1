import type { Expression } from "./ast.ts";
import type { TokenStream } from "./token-stream.ts";

/** Binary operators by how strongly they bind. */
const PRECEDENCE: Readonly<Record<string, number>> = {
  or: 1,
  and: 2,
  "=": 4,
  "<=>": 4,
  "<": 4,
  ">": 4,
  "<=": 4,
  ">=": 4,
  "<>": 4,
  "!=": 4,
  like: 4,
  "+": 5,
  "-": 5,
  "*": 6,
  "/": 6,
  "%": 6,
};

const NOT_PRECEDENCE = 3;
const COMPARISON_PRECEDENCE = 4;

/** Words that end an expression, so that they are not taken for a column. */
const RESERVED = new Set([
  "from",
  "where",
  "order",
  "limit",
  "offset",
  "as",
  "on",
  "group",
  "having",
  "union",
  "select",
  "values",
  "set",
  "join",
]);

export function parseExpression(stream: TokenStream, minimum = 0): Expression {
  let left = parsePrefix(stream);
  for (;;) {
    const suffixed = minimum <= COMPARISON_PRECEDENCE ? parseSuffix(stream, left) : null;
    if (suffixed !== null) {
      left = suffixed;
      continue;
    }
    const token = stream.peek();
    const operator = token.kind === "word" || token.kind === "symbol" ? token.text.toLowerCase() : "";
    const precedence = PRECEDENCE[operator];
    if (precedence === undefined || precedence < minimum) return left;
    stream.next();
    left = { kind: "binary", operator, left, right: parseExpression(stream, precedence + 1) };
  }
}

/** `IS [NOT] NULL` and `[NOT] IN (…)`; null when neither stands here. */
function parseSuffix(stream: TokenStream, operand: Expression): Expression | null {
  if (stream.acceptWords("is", "not", "null")) return { kind: "isNull", operand, negated: true };
  if (stream.acceptWords("is", "null")) return { kind: "isNull", operand, negated: false };
  const negated = stream.acceptWords("not", "in");
  if (!negated && !stream.acceptWords("in")) return null;
  stream.expectSymbol("(");
  const list = stream.list(() => parseExpression(stream));
  stream.expectSymbol(")");
  return { kind: "in", operand, list, negated };
}

function parsePrefix(stream: TokenStream): Expression {
  if (stream.acceptWords("not")) return { kind: "not", operand: parseExpression(stream, NOT_PRECEDENCE) };
  if (stream.acceptSymbol("-")) return { kind: "negate", operand: parseExpression(stream, 7) };
  if (stream.acceptSymbol("(")) {
    const inner = parseExpression(stream);
    stream.expectSymbol(")");
    return inner;
  }
  const token = stream.next();
  switch (token.kind) {
    case "number": {
      const value = Number(token.text);
      return Number.isInteger(value) && !Number.isSafeInteger(value) ? stream.fail(token) : { kind: "literal", value };
    }
    case "string":
      return { kind: "literal", value: token.text };
    case "variable":
      return variable(token.text);
    case "symbol":
      return token.text === "?" ? { kind: "parameter", index: stream.nextParameter() } : stream.fail(token);
    case "quoted":
      return parseNamed(stream, token.text);
    case "word":
      return RESERVED.has(token.text.toLowerCase()) ? stream.fail(token) : parseWord(stream, token.text);
    case "end":
      return stream.fail(token);
  }
}

function parseWord(stream: TokenStream, word: string): Expression {
  switch (word.toLowerCase()) {
    case "null":
      return { kind: "literal", value: null };
    case "true":
      return { kind: "literal", value: 1 };
    case "false":
      return { kind: "literal", value: 0 };
    default:
      return parseNamed(stream, word);
  }
}

function parseNamed(stream: TokenStream, name: string): Expression {
  if (stream.acceptSymbol("(")) return parseCall(stream, name);
  if (!stream.acceptSymbol(".")) return { kind: "column", name, table: undefined };
  return { kind: "column", name: stream.expectName(), table: name };
}

function parseCall(stream: TokenStream, name: string): Expression {
  const call = (args: readonly Expression[], star: boolean): Expression => {
    stream.expectSymbol(")");
    return { kind: "call", name: name.toLowerCase(), arguments: args, star };
  };
  if (stream.acceptSymbol("*")) return call([], true);
  if (stream.atSymbol(")")) return call([], false);
  return call(
    stream.list(() => parseExpression(stream)),
    false,
  );
}

function variable(text: string): Expression {
  const [, scope, name] = /^@@(?:(\w+)\.)?(\w+)$/.exec(text) ?? [];
  if (name === undefined) return { kind: "variable", scope: "session", name: text.toLowerCase(), text };
  return {
    kind: "variable",
    scope: scope?.toLowerCase() === "global" ? "global" : "session",
    name: name.toLowerCase(),
    text,
  };
}
