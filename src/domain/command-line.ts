import { splitWords, type Word } from "./command-words.ts";
import { type Problem, problem } from "./errors.ts";
import { nearestWord } from "./nearest-word.ts";
import type { Parameters } from "./plan.ts";

/** What the parser needs to know of an operation; `operations/catalogue.ts` holds them. */
export interface CommandDefinition {
  readonly verb: string;
  readonly flags: readonly CommandFlag[];
}

export interface CommandFlag {
  readonly name: string;
  readonly parameter: string;
  /** Placeholder of its value; null for a switch, which takes none and sets its parameter to true. */
  readonly value: string | null;
  /** Its value may also be typed as words behind the target, which commas then join. */
  readonly words?: boolean;
  readonly expected: string;
  readonly parse: (text: string) => string | number | boolean | null;
}

/** An option that belongs to the surface and not to the operation: `--yes`, `--kubeconfig FILE`. */
export interface ExtraFlag {
  /** Without the dashes. */
  readonly name: string;
  /** Placeholder of its value; null for a switch, which takes none. */
  readonly value: string | null;
  /** One letter that stands for it behind a single dash. */
  readonly short?: string;
  /** It may also be typed as a bare word behind the target, with its value in the words behind it: `orders at 02:30`. */
  readonly bare?: true;
}

/** Words of a tool that people come from, and what is meant by them here: answered with the corrected line, not carried out. */
export interface FormerWords {
  readonly verbs: Readonly<Record<string, string>>;
  readonly flags: Readonly<Record<string, string>>;
}

/** One surface's language: the operations it knows, its own options and how a command of it begins. */
export interface Grammar<Definition extends CommandDefinition> {
  /** What stands before the verb, for lines to copy: `/dolt`, `npx handover dolt`. */
  readonly prefix: string;
  /** Quotes a word where that is needed: `quoteWord` for Slack, `quoteShellWord` for a terminal. */
  readonly quote: (text: string) => string;
  readonly definitions: readonly Definition[];
  readonly extras: readonly ExtraFlag[];
  readonly former?: FormerWords;
  /** What is meant where no target is named; without one a target has to be. */
  readonly defaultTarget?: string;
}

export interface ParsedCommand<Definition extends CommandDefinition> {
  readonly definition: Definition;
  /** The target as it was typed. */
  readonly targetText: string;
  /** Only what was given; the operation's own schema adds defaults. */
  readonly parameters: Parameters;
  /** The operation's flags as they were typed, in the order of the definition. */
  readonly given: readonly { readonly flag: string; readonly text: string | null }[];
  readonly reason: string | null;
  /** By name: the text, or true for a switch. */
  readonly extras: Readonly<Record<string, string | true>>;
}

export type CommandResult<Definition extends CommandDefinition> =
  | { readonly ok: true; readonly command: ParsedCommand<Definition> }
  | { readonly ok: false; readonly problem: Problem };

/** Longest reason that is kept: it is shown whole in Slack and in the audit. */
export const longestReason = 500;

/** Parses what stands behind the prefix, as one typed text: quotes and dashes may be the ones that phones make. */
export function parseCommandText<Definition extends CommandDefinition>(
  text: string,
  grammar: Grammar<Definition>,
): CommandResult<Definition> {
  const split = splitWords(text, usageFor(text.trim().split(/\s/)[0], grammar));
  return "problem" in split ? { ok: false, problem: split.problem } : parseWords(split.words, grammar);
}

/** Parses what stands behind the prefix, split into words by a shell. */
export function parseCommandArguments<Definition extends CommandDefinition>(
  words: readonly string[],
  grammar: Grammar<Definition>,
): CommandResult<Definition> {
  return parseWords(
    words.map((text) => ({ text, quoted: false })),
    grammar,
  );
}

/** The line that gives this command when it is typed. */
export function printCommand<Definition extends CommandDefinition>(
  command: Omit<ParsedCommand<Definition>, "parameters">,
  grammar: Pick<Grammar<Definition>, "prefix" | "quote">,
): string {
  const options = [
    ...command.given.map(({ flag, text }) => {
      if (text === null) return `--${flag}`;
      const isWords = command.definition.flags.some(({ name, words }) => name === flag && words === true);
      return isWords ? text.split(",").map(grammar.quote).join(" ") : printOption(flag, text, grammar.quote);
    }),
    ...(command.reason === null ? [] : [printOption("reason", command.reason, grammar.quote)]),
    ...Object.entries(command.extras).map(([name, text]) =>
      text === true ? `--${name}` : printOption(name, text, grammar.quote),
    ),
  ];
  return [grammar.prefix, command.definition.verb, grammar.quote(command.targetText), ...options].join(" ");
}

/** One line that says what can be typed: `/dolt failover TARGET [--to POD] … [--reason TEXT]`. */
export function usageOf(definition: CommandDefinition, grammar: Grammar<CommandDefinition>): string {
  const optional = (flag: { readonly name: string; readonly value: string | null }) =>
    flag.value === null ? `[--${flag.name}]` : `[--${flag.name} ${flag.value}]`;
  const words = definition.flags.flatMap(({ words, value }) => (words ? [`[${value?.replace(",…", " …")}]`] : []));
  const options = definition.flags.filter((flag) => flag.words !== true).map(optional);
  const flags = [...words, ...options, "[--reason TEXT]", ...grammar.extras.map(optional)];
  return [grammar.prefix, definition.verb, "TARGET", ...flags].join(" ");
}

function usageFor(verb: string | undefined, grammar: Grammar<CommandDefinition>): string {
  const definition = grammar.definitions.find((known) => known.verb === verb);
  return definition === undefined ? `${grammar.prefix} help` : usageOf(definition, grammar);
}

/** A value that could be taken for an option is bound to its flag by `=`. */
function printOption(name: string, text: string, quote: (text: string) => string): string {
  return /^[-—–−]/u.test(text) ? `--${name}=${quote(text)}` : `--${name} ${quote(text)}`;
}

function parseWords<Definition extends CommandDefinition>(
  words: readonly Word[],
  grammar: Grammar<Definition>,
): CommandResult<Definition> {
  const [verb, ...rest] = words;
  const definition = grammar.definitions.find((known) => known.verb === verb?.text);
  if (definition === undefined) return { ok: false, problem: unknownCommand(verb?.text ?? "", rest, grammar) };
  return parseRest(definition, rest, grammar);
}

function parseRest<Definition extends CommandDefinition>(
  definition: Definition,
  words: readonly Word[],
  grammar: Grammar<Definition>,
): CommandResult<Definition> {
  const usage = usageOf(definition, grammar);
  const known = optionsOf(definition, grammar);
  const shorts = shortNames(grammar);
  const texts = new Map<string, string | true>();
  const positional: string[] = [];
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at];
    if (word === undefined) break;
    const typed = optionIn(word);
    if (typed === null) {
      positional.push(word.text);
      continue;
    }
    const option = { ...typed, name: shorts.get(typed.name) ?? typed.name };
    const meant = known.get(option.name);
    if (meant === undefined) return refused(unknownFlag(definition, words, option.typed, grammar));
    if (texts.has(option.name)) return refused(problem("flag_repeated", { flag: `--${option.name}` }));
    if (meant.value === null) {
      if (option.text !== null) return refused(badValue(option.name, option.text, "no value"));
      texts.set(option.name, true);
      continue;
    }
    const following = words[at + 1];
    if (option.text === null && following !== undefined && optionIn(following) === null) {
      texts.set(option.name, following.text);
      at += 1;
      continue;
    }
    if (option.text === null) return refused(badValue(option.name, "", meant.expected));
    texts.set(option.name, option.text);
  }
  const isNamed = isTargetNamed(positional[0], definition, grammar);
  const targetText = isNamed ? positional[0] : grammar.defaultTarget;
  const leftOver = isNamed ? positional.slice(1) : positional;
  if (targetText === undefined || targetText === "") return refused(problem("target_missing", { usage }));
  const [bareWord = "", ...itsWords] = leftOver;
  const bare = grammar.extras.find((extra) => extra.bare === true && extra.name === bareWord.toLowerCase());
  if (bare !== undefined) {
    if (texts.has(bare.name)) return refused(problem("flag_repeated", { flag: `--${bare.name}` }));
    if (itsWords.length === 0) return refused(badValue(bare.name, "", bare.value ?? "a value"));
    texts.set(bare.name, itsWords.join(" "));
    return readTexts(definition, targetText, texts, grammar);
  }
  const flagOfWords = definition.flags.find((flag) => flag.words === true);
  if (flagOfWords !== undefined && leftOver.length > 0 && leftOver.every((word) => word.includes("="))) {
    if (texts.has(flagOfWords.name)) return refused(problem("flag_repeated", { flag: `--${flagOfWords.name}` }));
    texts.set(flagOfWords.name, leftOver.map((word) => word.replace(/,+$/, "")).join(","));
  } else if (leftOver.length > 0) {
    return refused(problem("words_left_over", { words: shortened(leftOver.join(" ")), usage }));
  }
  return readTexts(definition, targetText, texts, grammar);
}

/** Whether the first word behind the operation is a target. Where there is a default one, words of an option's own need none before them. */
function isTargetNamed(
  word: string | undefined,
  definition: CommandDefinition,
  { defaultTarget, extras }: Grammar<CommandDefinition>,
): boolean {
  if (word === undefined) return false;
  if (defaultTarget === undefined) return true;
  if (extras.some(({ name, bare }) => bare === true && name === word.toLowerCase())) return false;
  return !(word.includes("=") && definition.flags.some(({ words }) => words === true));
}

function readTexts<Definition extends CommandDefinition>(
  definition: Definition,
  targetText: string,
  texts: ReadonlyMap<string, string | true>,
  grammar: Grammar<Definition>,
): CommandResult<Definition> {
  const parameters: Parameters = {};
  const given: { flag: string; text: string | null }[] = [];
  for (const flag of definition.flags) {
    const text = texts.get(flag.name);
    if (text === true) {
      parameters[flag.parameter] = true;
      given.push({ flag: flag.name, text: null });
    }
    if (typeof text !== "string") continue;
    const value = flag.parse(text);
    if (value === null) return refused(badValue(flag.name, text, flag.expected));
    parameters[flag.parameter] = value;
    given.push({ flag: flag.name, text });
  }
  const typedReason = texts.get("reason");
  const reason = typeof typedReason === "string" ? typedReason : null;
  if (reason !== null && (reason.trim() === "" || reason.length > longestReason)) {
    return refused(badValue("reason", reason, reasonExpected));
  }
  const extras: Record<string, string | true> = {};
  for (const extra of grammar.extras) {
    const text = texts.get(extra.name);
    if (text !== undefined) extras[extra.name] = text;
  }
  return { ok: true, command: { definition, targetText, parameters, given, reason, extras } };
}

const reasonExpected = `a text of 1 to ${longestReason} characters`;

function optionsOf(
  definition: CommandDefinition,
  grammar: Grammar<CommandDefinition>,
): Map<string, { value: string | null; expected: string }> {
  return new Map([
    ...definition.flags.map((flag) => [flag.name, { value: flag.value, expected: flag.expected }] as const),
    ["reason", { value: "TEXT", expected: reasonExpected }],
    ...grammar.extras.map((flag) => [flag.name, { value: flag.value, expected: flag.value ?? "no value" }] as const),
  ]);
}

/** By `-x`, the option that it stands for. */
function shortNames({ extras }: Pick<Grammar<CommandDefinition>, "extras">): Map<string, string> {
  return new Map(extras.flatMap(({ name, short }) => (short === undefined ? [] : [[`-${short}`, name]])));
}

/** Phones make one long dash of two short ones; a single dash is a slip that deserves an answer of its own. */
function optionIn(word: Word): { typed: string; name: string; text: string | null } | null {
  const dashes = /^(?:--|[—–−]|-)(?=\D)/u.exec(word.text)?.[0];
  if (word.quoted || dashes === undefined) return null;
  const equals = word.text.indexOf("=");
  const typed = equals < 0 ? word.text : word.text.slice(0, equals);
  const text = equals < 0 ? null : word.text.slice(equals + 1);
  const name = typed.slice(dashes.length);
  return dashes === "-" ? { typed, name: `-${name}`, text } : { typed, name, text };
}

function unknownCommand<Definition extends CommandDefinition>(
  given: string,
  rest: readonly Word[],
  grammar: Grammar<Definition>,
): Problem {
  const known = grammar.definitions.map((definition) => definition.verb);
  const verb = grammar.former?.verbs[given] ?? nearestWord(given, known);
  const definition = grammar.definitions.find((candidate) => candidate.verb === verb);
  const nearest = definition === undefined ? null : nearestCommand(definition, rest, grammar);
  return problem("command_unknown", { given: shortened(given), known, nearest });
}

function unknownFlag<Definition extends CommandDefinition>(
  definition: Definition,
  words: readonly Word[],
  typed: string,
  grammar: Grammar<Definition>,
): Problem {
  const known = [...optionsOf(definition, grammar).keys()].map((name) => `--${name}`);
  return problem("flag_unknown", {
    given: shortened(typed),
    known,
    nearest: nearestCommand(definition, words, grammar, true),
  });
}

/**
 * The whole command with every misspelt option put right, ready to copy; null when an option has no near relative.
 * `mustParse`: null as well when the command would still not be understood.
 */
function nearestCommand<Definition extends CommandDefinition>(
  definition: Definition,
  words: readonly Word[],
  grammar: Grammar<Definition>,
  mustParse = false,
): string | null {
  const names = [...optionsOf(definition, grammar).keys()];
  const shorts = shortNames(grammar);
  const corrected: Word[] = [];
  for (const word of words) {
    const option = optionIn(word);
    if (option === null || names.includes(option.name) || shorts.has(option.name)) {
      corrected.push(word);
      continue;
    }
    const bare = option.name.replace(/^-/, "");
    const former = grammar.former?.flags[bare] ?? "";
    const name = names.includes(former) ? former : nearestWord(bare, names);
    if (name === null) return mustParse ? null : `${grammar.prefix} ${definition.verb} TARGET`;
    corrected.push({ text: option.text === null ? `--${name}` : `--${name}=${option.text}`, quoted: false });
  }
  const result = parseRest(definition, corrected, grammar);
  if (result.ok) return printCommand(result.command, grammar);
  return mustParse ? null : usageOf(definition, grammar);
}

function badValue(flag: string, given: string, expected: string): Problem {
  return problem("flag_value", { flag: `--${flag}`, given: shortened(given), expected });
}

function refused(why: Problem): { readonly ok: false; readonly problem: Problem } {
  return { ok: false, problem: why };
}

/** What is told back to a person of what they typed. */
function shortened(text: string): string {
  return text.length <= 80 ? text : `${text.slice(0, 79)}…`;
}
