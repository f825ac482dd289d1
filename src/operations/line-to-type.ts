import { type Engine, slashCommands, terminalCommands } from "../domain/target.ts";
import type { OperationContext } from "./operation.ts";

/**
 * A command for people to copy, as it is typed where they read it: in Slack, in a terminal; where that is not known, what
 * both have in common.
 * @param words the verb, then whatever stands behind the target
 */
export function lineToType(
  { surface, target, targetName }: Pick<OperationContext, "surface" | "target" | "targetName">,
  engine: Engine,
  verb: string,
  ...words: readonly string[]
): string {
  if (surface === "slack") return [slashCommands[engine], verb, targetName, ...words].join(" ");
  if (surface === "terminal") {
    return [terminalCommands[engine], verb, `${target.namespace}/${targetName}`, ...words, '--reason "…"'].join(" ");
  }
  const word = terminalCommands[engine].split(" ").slice(2);
  return [...word, verb, targetName, ...words].join(" ");
}
