/**
 * The one table of everything that can go wrong. Each entry says what happened and in what state things are (`what`),
 * and what a person does next (`next`). `docs/errors.md` names every code; a test holds that.
 */
import { crateProblems } from "./problems/cratedb.ts";
import { crateLifecycleProblems } from "./problems/cratedb-lifecycle.ts";
import { crateScaleProblems } from "./problems/cratedb-scale.ts";
import { doltProblems } from "./problems/dolt.ts";
import { doltOperationProblems } from "./problems/dolt-operations.ts";
import type { Entry, ProblemKind } from "./problems/entry.ts";
import { freezingProblems } from "./problems/freezing.ts";
import { permissionProblems } from "./problems/permission.ts";
import { requestProblems } from "./problems/request.ts";
import { surroundingsProblems } from "./problems/surroundings.ts";
import { typedProblems } from "./problems/typed.ts";
import { workloadProblems } from "./problems/workload.ts";

export type { ProblemKind } from "./problems/entry.ts";

/** A code stands in one part only; a test holds that. */
export const problemTable = {
  ...typedProblems,
  ...permissionProblems,
  ...requestProblems,
  ...surroundingsProblems,
  ...freezingProblems,
  ...doltProblems,
  ...doltOperationProblems,
  ...crateProblems,
  ...crateScaleProblems,
  ...crateLifecycleProblems,
  ...workloadProblems,
} as const;

export type ProblemCode = keyof typeof problemTable;
export type ProblemDetails<Code extends ProblemCode> =
  (typeof problemTable)[Code] extends Entry<infer Details> ? Details : never;

/** A problem as it is kept in a record and shown to people: plain text, no secret, no stack. */
export interface Problem {
  readonly code: ProblemCode;
  readonly kind: ProblemKind;
  /** What happened and in what state things are. */
  readonly what: string;
  /** What to do next. */
  readonly next: string;
}

export function problem<Code extends ProblemCode>(code: Code, details: ProblemDetails<Code>): Problem {
  const row: Entry<never> = problemTable[code];
  const typed = row as Entry<ProblemDetails<Code>>;
  return { code, kind: typed.kind, what: typed.what(details), next: typed.next(details) };
}

/** A problem on its way up the stack. `cause` keeps the original, for logs only. */
export class HandoverError extends Error {
  override readonly name = "HandoverError";
  readonly problem: Problem;

  constructor(theProblem: Problem, options?: { cause?: unknown }) {
    super(theProblem.what, options);
    this.problem = theProblem;
  }
}

export function fail<Code extends ProblemCode>(
  code: Code,
  details: ProblemDetails<Code>,
  options?: { cause?: unknown },
): HandoverError {
  return new HandoverError(problem(code, details), options);
}

/** The problem behind anything that was thrown; what is not a HandoverError is unexpected, and says so. */
export function problemOf(thrown: unknown, doing: string): Problem {
  if (thrown instanceof HandoverError) return thrown.problem;
  return problem("unexpected", { doing, why: thrown instanceof Error ? thrown.message : String(thrown) });
}
