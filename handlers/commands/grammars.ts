import type { ExtraFlag, Grammar } from "../../src/domain/command-line.ts";
import { quoteShellWord, quoteWord } from "../../src/domain/command-words.ts";
import { type Engine, slashCommands, terminalCommands } from "../../src/domain/target.ts";
import { catalogue, type OperationDefinition } from "../../src/operations/catalogue.ts";
import { doltclusterctlWords } from "../../src/operations/dolt/former-words.ts";

/** Options of Slack's commands for every operation. `handlers/commands/when-asked.ts` reads the times. */
const slackFlags: readonly ExtraFlag[] = [
  { name: "at", value: "TIME", bare: true },
  { name: "in", value: "DURATION", bare: true },
  { name: "window", value: "DURATION" },
  { name: "dry-run", value: null },
];

/** What is typed in Slack for an engine: `/dolt failover …`. */
export function slackGrammar(engine: Engine): Grammar<OperationDefinition> {
  return {
    prefix: slashCommands[engine],
    quote: quoteWord,
    definitions: definitionsOf(engine),
    extras: slackFlags,
    ...(engine === "dolt" ? { former: doltclusterctlWords } : {}),
  };
}

/** How the lines begin that a person can copy into a terminal when no worker is there. */
export function terminalPrefix(engine: Engine): { readonly prefix: string; readonly quote: (text: string) => string } {
  return { prefix: terminalCommands[engine], quote: quoteShellWord };
}

function definitionsOf(engine: Engine): readonly OperationDefinition[] {
  return catalogue.filter((definition) => definition.engine === engine);
}
