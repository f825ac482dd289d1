import { type ParseArgsOptionDescriptor, parseArgs } from "node:util";
import { fail } from "../domain/errors.ts";
import { nearestWord } from "../domain/nearest-word.ts";

export interface SideWords {
  readonly positionals: readonly string[];
  /** Of `--name value`; null where it was not given. */
  text(name: string): string | null;
  isSet(name: string): boolean;
}

/** What a command beside the operations takes: options by name, and how many words without a dash. */
export interface SideGrammar {
  /** The whole line, for errors: `npx handover audit list [--since 24h]`. */
  readonly usage: string;
  /** `text` takes a value, `switch` takes none. */
  readonly options?: Readonly<Record<string, "text" | "switch">>;
  readonly mostPositionals?: number;
}

/** @throws {HandoverError} `flag_unknown`, `flag_value`, `words_left_over` */
export function readSideWords(words: readonly string[], grammar: SideGrammar): SideWords {
  const known = grammar.options ?? {};
  const options: Record<string, ParseArgsOptionDescriptor> = {};
  for (const [name, kind] of Object.entries(known)) options[name] = { type: kind === "text" ? "string" : "boolean" };
  const { tokens } = parseArgs({ args: [...words], options, strict: false, allowPositionals: true, tokens: true });
  const values = new Map<string, string | true>();
  const positionals: string[] = [];
  for (const token of tokens) {
    if (token.kind === "positional") positionals.push(token.value);
    if (token.kind !== "option") continue;
    const kind = known[token.name];
    if (kind === undefined) throw unknownOption(token.rawName, Object.keys(known), grammar.usage);
    if (values.has(token.name)) throw fail("flag_repeated", { flag: token.rawName });
    const { value } = token;
    if (kind === "text" && (value === undefined || value === "")) throw wrongValue(token.rawName, "", "a value");
    if (kind === "switch" && value !== undefined) throw wrongValue(token.rawName, value, "no value");
    values.set(token.name, value ?? true);
  }
  const surplus = positionals.slice(grammar.mostPositionals ?? 0);
  if (surplus.length > 0) throw fail("words_left_over", { words: surplus.join(" "), usage: grammar.usage });
  return {
    positionals,
    text: (name) => {
      const value = values.get(name);
      return typeof value === "string" ? value : null;
    },
    isSet: (name) => values.has(name),
  };
}

/** For commands that take nothing more. @throws {HandoverError} */
export function noWords(words: readonly string[], usage: string): void {
  readSideWords(words, { usage });
}

function unknownOption(given: string, names: readonly string[], usage: string) {
  const known = names.map((name) => `--${name}`);
  const near = nearestWord(given, known);
  return fail("flag_unknown", { given, known, nearest: near === null ? null : `${near} (${usage})` });
}

function wrongValue(flag: string, given: string, expected: string) {
  return fail("flag_value", { flag, given, expected });
}
