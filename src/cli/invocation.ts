import { type ParsedCommand, parseCommandArguments, printCommand } from "../domain/command-line.ts";
import { type Problem, problem } from "../domain/errors.ts";
import { nearestWord } from "../domain/nearest-word.ts";
import { type Engine, engineSchema, terminalCommands } from "../domain/target.ts";
import type { OperationDefinition } from "../operations/catalogue.ts";
import { connectionObjection, type TypedConnection, typedConnection } from "./connection.ts";
import { grammarFor } from "./grammar.ts";
import { sideCommands } from "./side-commands.ts";

/** What somebody wants of the command line. */
export type Invocation =
  /** `verb`: of that operation alone; null: of all. */
  | { readonly kind: "help"; readonly verb: string | null }
  | { readonly kind: "version" }
  | { readonly kind: "wrong"; readonly problem: Problem }
  | { readonly kind: "command"; readonly command: CliCommand };

export interface CliCommand {
  readonly engine: Engine;
  readonly parsed: ParsedCommand<OperationDefinition>;
  /** The line as it was typed, to be completed. */
  readonly typed: string;
  readonly planOnly: boolean;
  readonly overrideFreeze: boolean;
  readonly yes: boolean;
  readonly kubeconfig: string | null;
  readonly context: string | null;
  readonly namespace: string | null;
  readonly connection: TypedConnection;
}

const helpWords: ReadonlySet<string> = new Set(["help", "--help", "-h"]);

/** Reads the arguments behind the program's name. `interactive`: somebody is there to answer a question. */
export function readInvocation(words: readonly string[], interactive: boolean): Invocation {
  const [first] = words;
  if (first === undefined || helpWords.has(first)) return { kind: "help", verb: null };
  if (first === "--version") return { kind: "version" };
  const named = engineOf(first);
  if (named === null) {
    const sides = sideCommands.map(({ word }) => word);
    const known = [...engineWords.keys(), ...definitionsWithoutWord.map(({ verb }) => verb), ...sides, "help"];
    const near = nearestWord(first, known);
    const nearest = near === null ? null : ["npx handover", near, ...words.slice(1)].join(" ");
    return { kind: "wrong", problem: problem("command_unknown", { given: first, known, nearest }) };
  }
  const [verb, ...others] = words.slice(named.words);
  if (verb === undefined || [verb, ...others].some((word) => helpWords.has(word))) {
    return { kind: "help", verb: verb ?? null };
  }
  return readCommand(named.engine, [verb, ...others], interactive);
}

/** The engines that have a word of their own, by it: `npx handover dolt …`. */
const engineWords: ReadonlyMap<string, Engine> = new Map(
  engineSchema.options.flatMap((engine) => {
    const word = terminalCommands[engine].split(" ")[2];
    return word === undefined ? [] : [[word, engine]];
  }),
);
/** What is typed without such a word: `npx handover restart …`. */
const engineWithoutWord = "kubernetes";
const definitionsWithoutWord = grammarFor(engineWithoutWord).definitions;

/** @returns the engine, and how many words name it */
function engineOf(first: string): { readonly engine: Engine; readonly words: number } | null {
  const engine = engineWords.get(first);
  if (engine !== undefined) return { engine, words: 1 };
  const isVerb = definitionsWithoutWord.some(({ verb }) => verb === first);
  return isVerb ? { engine: engineWithoutWord, words: 0 } : null;
}

function readCommand(engine: Engine, words: readonly string[], interactive: boolean): Invocation {
  const grammar = grammarFor(engine);
  const result = parseCommandArguments(words, grammar);
  if (!result.ok) return { kind: "wrong", problem: result.problem };
  const { extras } = result.command;
  const command: CliCommand = {
    engine,
    parsed: result.command,
    typed: printCommand(result.command, grammar),
    planOnly: extras.plan === true || extras["dry-run"] === true,
    overrideFreeze: extras["override-freeze"] === true,
    yes: extras.yes === true,
    kubeconfig: textOf(extras.kubeconfig),
    context: textOf(extras.context),
    namespace: textOf(extras.namespace),
    connection: typedConnection(extras),
  };
  const objection = objectionTo(command, interactive) ?? connectionObjection(command.connection);
  return objection === null ? { kind: "command", command } : { kind: "wrong", problem: objection };
}

/** What a change demands, told before anything is looked at. */
function objectionTo({ parsed, planOnly, yes, typed }: CliCommand, interactive: boolean): Problem | null {
  if (!parsed.definition.changesTarget || planOnly) return null;
  if (parsed.reason === null) return problem("reason_missing", { usage: typed });
  if (!yes && !interactive) return problem("confirmation_missing", { usage: typed });
  return null;
}

function textOf(extra: string | true | undefined): string | null {
  return typeof extra === "string" ? extra : null;
}
