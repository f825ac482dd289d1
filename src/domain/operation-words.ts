import { engineSchema, terminalCommands } from "./target.ts";

/** An operation (`dolt.failover`) as it is typed in a terminal, without its target: `npx handover dolt failover`. */
export function operationCommand(operation: string): string {
  const [word = "", verb = ""] = operation.split(".");
  const engine = engineSchema.safeParse(word);
  return engine.success ? `${terminalCommands[engine.data]} ${verb}` : `npx handover ${word} ${verb}`;
}

/** The same for people: `dolt failover`, `crate scale`; an ordinary workload's is `restart`. */
export function operationWords(operation: string): string {
  return operationCommand(operation).replace("npx handover ", "");
}
