import type { OperationContext } from "./operation.ts";

/**
 * A command for people to copy, as it is typed where they read it: in Slack, in a terminal; where that is not known, what
 * both have in common.
 * @param words the verb, then whatever stands behind the target
 */
export function lineToType(
  { surface, target, targetName }: Pick<OperationContext, "surface" | "target" | "targetName">,
  engine: string,
  verb: string,
  ...words: readonly string[]
): string {
  const line = [engine, verb, surface === "terminal" ? `${target.namespace}/${targetName}` : targetName, ...words];
  if (surface === "slack") return `/${line.join(" ")}`;
  return surface === "terminal" ? `npx handover ${line.join(" ")} --reason "…"` : line.join(" ");
}
