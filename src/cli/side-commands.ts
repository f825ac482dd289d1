import { systemClock } from "../adapters/clock.ts";
import type { Problem } from "../domain/errors.ts";
import { problem, problemOf } from "../domain/errors.ts";
import type { Clock } from "../ports/clock.ts";
import { auditCommand } from "./audit/audit-command.ts";
import { doctorCommand } from "./doctor/doctor-command.ts";
import { exitCodeOfProblems } from "./exit-codes.ts";
import { manifestCommand } from "./manifest/manifest-command.ts";
import { keysCommand } from "./new-keys.ts";
import { policyCommand } from "./policy/policy-command.ts";
import { rbacCommand } from "./rbac.ts";
import { problemText } from "./report.ts";
import { schemaCommand } from "./schema-command.ts";
import type { Terminal } from "./terminal.ts";

/** What a command beside the operations may use. */
export interface SideSurroundings {
  readonly terminal: Terminal;
  /** Variables of the environment, secrets among them. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
}

/** A command that is no operation: it has no target, no plan and no lease. */
export interface SideCommand {
  /** Its first word: `audit`. */
  readonly word: string;
  /** Lines for the help: how it is typed, behind `npx handover`, and what it does. */
  readonly help: readonly (readonly [usage: string, summary: string])[];
  /**
   * @param words what was typed behind the first word
   * @returns the exit code
   * @throws {HandoverError} for whatever a person has to be told
   */
  run(words: readonly string[], surroundings: SideSurroundings): Promise<number> | number;
}

/** One file each; what they are told by stands there. */
export const sideCommands: readonly SideCommand[] = [
  auditCommand,
  doctorCommand,
  keysCommand,
  manifestCommand,
  policyCommand,
  rbacCommand,
  schemaCommand,
];

/** Runs the command that these words name; null: they name none. Whatever goes wrong is told, never thrown. */
export async function runSideCommand(
  words: readonly string[],
  terminal: Terminal,
  environment: SideSurroundings["environment"],
): Promise<number | null> {
  const [word, ...others] = words;
  const command = sideCommands.find((candidate) => candidate.word === word);
  if (command === undefined) return null;
  if (others.some((other) => other === "--help" || other === "-h")) {
    terminal.out(`${sideHelp([command]).join("\n")}\n`);
    return 0;
  }
  const interrupted = new AbortController();
  const stopListening = terminal.onInterrupt(() => interrupted.abort(new Error("interrupted")));
  try {
    return await command.run(others, { terminal, environment, clock: systemClock, signal: interrupted.signal });
  } catch (error) {
    const why: Problem = interrupted.signal.aborted
      ? problem("cancelled_before_start", { by: "Ctrl-C" })
      : problemOf(error, `running ${command.word}`);
    terminal.err(problemText(why));
    return exitCodeOfProblems([why]);
  } finally {
    stopListening();
  }
}

export function sideHelp(commands: readonly SideCommand[] = sideCommands): string[] {
  return commands.flatMap(({ help }) =>
    help.flatMap(([usage, summary]) => [`npx handover ${usage}`, `    ${summary}`]),
  );
}
