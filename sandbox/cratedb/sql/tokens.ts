import { sqlErrors } from "../engine/errors.ts";

export interface Token {
  readonly kind: "word" | "quoted" | "string" | "number" | "parameter" | "symbol" | "end";
  /** Words in lower case; what is quoted as it stands. */
  readonly text: string;
  readonly at: number;
}

const patterns: readonly (readonly [Token["kind"] | "space", RegExp])[] = [
  ["space", /(\s+|--[^\n]*|\/\*[\s\S]*?\*\/)+/y],
  ["string", /'(?:[^']|'')*'/y],
  ["quoted", /"(?:[^"]|"")+"/y],
  ["number", /\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y],
  ["parameter", /\?|\$\d+/y],
  ["word", /[A-Za-z_][A-Za-z0-9_]*/y],
  ["symbol", /<=|>=|<>|!=|\|\||::|[-+*/%=<>(),.;[\]{}:]/y],
];

/** Throws as CrateDB does for what it cannot read: 400, code 4000. */
export function tokenize(sql: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < sql.length) {
    const found = next(sql, at);
    if (found === null) throw unexpected(sql, at, sql[at] ?? "");
    if (found.kind !== "space") tokens.push({ kind: found.kind, text: textOf(found.kind, found.text), at });
    at += found.text.length;
  }
  tokens.push({ kind: "end", text: "<EOF>", at });
  return tokens;
}

/** With line and column, as CrateDB counts them. */
export function unexpected(sql: string, at: number, text: string) {
  const lines = sql.slice(0, at).split("\n");
  return sqlErrors.syntax(`line ${lines.length}:${(lines.at(-1) ?? "").length + 1}: mismatched input '${text}'`);
}

function next(sql: string, at: number): { kind: Token["kind"] | "space"; text: string } | null {
  for (const [kind, pattern] of patterns) {
    pattern.lastIndex = at;
    const [text] = pattern.exec(sql) ?? [];
    if (text !== undefined) return { kind, text };
  }
  return null;
}

function textOf(kind: Token["kind"], text: string): string {
  switch (kind) {
    case "word":
      return text.toLowerCase();
    case "quoted":
      return text.slice(1, -1).replaceAll('""', '"');
    case "string":
      return text.slice(1, -1).replaceAll("''", "'");
    default:
      return text;
  }
}
