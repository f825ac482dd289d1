import { type ParsedCommand, parseCommandArguments, printCommand } from "../domain/command-line.ts";
import { type Problem, problem } from "../domain/errors.ts";
import { nearestWord } from "../domain/nearest-word.ts";
import { type Engine, engineSchema } from "../domain/target.ts";
import type { OperationDefinition } from "../operations/catalogue.ts";
import { connectionObjection, type TypedConnection, typedConnection } from "./connection.ts";
import { grammarFor } from "./grammar.ts";

/** What somebody wants of the command line. */
export type Invocation =
  /** `verb`: of that operation alone; null: of all. */
  | { readonly kind: "help"; readonly verb: string | null }
  | { readonly kind: "version" }
  /** A new key pair for handover.yaml and the environment. */
  | { readonly kind: "keys" }
  | { readonly kind: "wrong"; readonly problem: Problem }
  | { readonly kind: "command"; readonly command: CliCommand };

export interface CliCommand {
  readonly engine: Engine;
  readonly parsed: ParsedCommand<OperationDefinition>;
  /** The line as it was typed, to be completed. */
  readonly typed: string;
  readonly planOnly: boolean;
  readonly yes: boolean;
  readonly kubeconfig: string | null;
  readonly context: string | null;
  readonly namespace: string | null;
  readonly connection: TypedConnection;
}

const helpWords: ReadonlySet<string> = new Set(["help", "--help", "-h"]);

/** Reads the arguments behind the program's name. `interactive`: somebody is there to answer a question. */
export function readInvocation(words: readonly string[], interactive: boolean): Invocation {
  const [first, second] = words;
  if (first === undefined || helpWords.has(first)) return { kind: "help", verb: null };
  if (first === "--version") return { kind: "version" };
  if (first === "keys" && second === undefined) return { kind: "keys" };
  const engine = engineSchema.safeParse(first);
  if (!engine.success) {
    const known = [...engineSchema.options, "keys", "help"];
    const near = nearestWord(first, known);
    const nearest = near === null ? null : ["npx handover", near, ...words.slice(1)].join(" ");
    return { kind: "wrong", problem: problem("command_unknown", { given: first, known, nearest }) };
  }
  if (second === undefined || words.slice(1).some((word) => helpWords.has(word))) {
    return { kind: "help", verb: second ?? null };
  }
  return readCommand(engine.data, words.slice(1), interactive);
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
    planOnly: extras.plan === true,
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
