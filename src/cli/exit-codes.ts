import type { Problem, ProblemKind } from "../domain/errors.ts";
import type { ExecutionResult } from "../execution/run-steps.ts";

/** What the command line's exit code means; docs/command-line.md says it to operators. */
export const exitCodes = {
  done: 0,
  /** Nothing was changed, or all was undone. */
  failed: 1,
  usage: 2,
  /** By the preflight. */
  refused: 3,
  /** What is true now has to be found out. */
  unknown: 4,
  /** By another execution. */
  locked: 5,
  frozen: 6,
} as const;

const codeByKind: Readonly<Record<ProblemKind, number>> = exitCodes;

const codeByState: Readonly<Record<ExecutionResult["state"], number>> = {
  succeeded: exitCodes.done,
  failed: exitCodes.failed,
  cancelled: exitCodes.failed,
  stale: exitCodes.refused,
  unknown: exitCodes.unknown,
  interrupted: exitCodes.unknown,
};

/** The first problem is the one that decided. */
export function exitCodeOfProblems(problems: readonly Problem[]): number {
  const [first] = problems;
  return first === undefined ? exitCodes.failed : codeByKind[first.kind];
}

export function exitCodeOfState(state: ExecutionResult["state"]): number {
  return codeByState[state];
}
