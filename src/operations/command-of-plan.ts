import { printCommand } from "../domain/command-line.ts";
import { quoteShellWord } from "../domain/command-words.ts";
import type { Parameters, Plan } from "../domain/plan.ts";
import { terminalCommands } from "../domain/target.ts";
import { catalogue, type OperationDefinition } from "./catalogue.ts";

/** The line that asks for the same in a terminal; null for an operation that is not in the catalogue. */
export function commandOfPlan({ operation, target, parameters }: Pick<Plan, "operation" | "target" | "parameters">) {
  const definition = catalogue.find(({ name }) => name === operation);
  if (definition === undefined) return null;
  const grammar = { prefix: terminalCommands[definition.engine], quote: quoteShellWord };
  const targetText = `${target.namespace}/${target.name}`;
  const given = flagsOf(definition, parameters);
  return printCommand({ definition, targetText, given, reason: "why", extras: {} }, grammar);
}

/** The flags that give these parameters. One that no flag gives is left out: it has its default. */
export function flagsOf(
  { flags }: Pick<OperationDefinition, "flags">,
  parameters: Parameters,
): { flag: string; text: string | null }[] {
  return flags.flatMap(({ name, parameter, value, parse }) => {
    const given = parameters[parameter];
    if (given === undefined || given === false) return [];
    const text = value === null ? null : String(given);
    return text === null || parse(text) === given ? [{ flag: name, text }] : [];
  });
}
