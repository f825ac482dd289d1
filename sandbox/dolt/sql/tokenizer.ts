import { SqlError } from "./values.ts";

export type Token =
  | { readonly kind: "word"; readonly text: string; readonly at: number }
  | { readonly kind: "quoted"; readonly text: string; readonly at: number }
  | { readonly kind: "string"; readonly text: string; readonly at: number }
  | { readonly kind: "number"; readonly text: string; readonly at: number }
  | { readonly kind: "variable"; readonly text: string; readonly at: number }
  | { readonly kind: "symbol"; readonly text: string; readonly at: number }
  | { readonly kind: "end"; readonly text: ""; readonly at: number };

const SPACE = /\s+|--[ \t][^\n]*|#[^\n]*|\/\*[\s\S]*?\*\//y;
const WORD = /[A-Za-z_$][A-Za-z0-9_$]*/y;
const NUMBER = /\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const VARIABLE = /@@(?:(?:global|session|local|persist)\.)?[A-Za-z_][A-Za-z0-9_]*/iy;
const USER_VARIABLE = /@[A-Za-z_][A-Za-z0-9_]*/y;
const SYMBOL = /<=>|<=|>=|<>|!=|:=|[=<>+\-*/%(),.;?@]/y;

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", "0": "\0", b: "\b", Z: "\u001a" };

/** Cuts one SQL text into tokens; comments and white space go. Throws the server's syntax error at a character it cannot read. */
export function tokenize(sql: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  const match = (pattern: RegExp): string | null => {
    pattern.lastIndex = at;
    return pattern.exec(sql)?.[0] ?? null;
  };
  while (at < sql.length) {
    const space = match(SPACE);
    if (space !== null) {
      at += space.length;
      continue;
    }
    const start = at;
    const character = sql[at] ?? "";
    if (character === "'" || character === '"' || character === "`") {
      const { text, next } = readQuoted(sql, at, character);
      tokens.push({ kind: character === "`" ? "quoted" : "string", text, at: start });
      at = next;
      continue;
    }
    const token = readPlain(match, start);
    if (token === null) throw syntaxError(sql, start + character.length, character);
    tokens.push(token);
    at += token.text.length;
  }
  tokens.push({ kind: "end", text: "", at: sql.length });
  return tokens;
}

function readPlain(match: (pattern: RegExp) => string | null, at: number): Token | null {
  const word = match(WORD);
  if (word !== null) return { kind: "word", text: word, at };
  const number = match(NUMBER);
  if (number !== null) return { kind: "number", text: number, at };
  const variable = match(VARIABLE) ?? match(USER_VARIABLE);
  if (variable !== null) return { kind: "variable", text: variable, at };
  const symbol = match(SYMBOL);
  return symbol === null ? null : { kind: "symbol", text: symbol, at };
}

function readQuoted(sql: string, start: number, quote: string): { text: string; next: number } {
  let text = "";
  let at = start + 1;
  while (at < sql.length) {
    const character = sql[at] ?? "";
    if (character === quote) {
      if (sql[at + 1] !== quote) return { text, next: at + 1 };
      text += quote;
      at += 2;
    } else if (character === "\\" && quote !== "`") {
      const escaped = sql[at + 1] ?? "";
      text += ESCAPES[escaped] ?? escaped;
      at += 2;
    } else {
      text += character;
      at += 1;
    }
  }
  throw syntaxError(sql, sql.length + 1, text);
}

/** Worded as Dolt words it; `position` counts characters up to and including the offending text. */
export function syntaxError(sql: string, position: number, near: string): SqlError {
  return new SqlError(`syntax error at position ${Math.min(position, sql.length + 1)} near '${near}'`);
}
