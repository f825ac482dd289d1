import { fail, HandoverError } from "../../domain/errors.ts";
import { CrateError } from "../../ports/crate-servers.ts";

/** What a failed call to CrateDB means for people. Anything else stays what it is. */
export function crateFailure(error: unknown, doing: string): unknown {
  if (!(error instanceof CrateError)) return error;
  const why = error.message;
  switch (error.outcome) {
    case "login":
      return fail("crate_login", { why }, { cause: error });
    case "privilege":
    case "refused":
      return fail("crate_refused", { doing, why }, { cause: error });
    case "unreachable":
    case "unknown":
      return fail("crate_away", { doing, why }, { cause: error });
  }
}

/** The answer, or what its failure means. */
export async function asked<T>(doing: string, call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    throw crateFailure(error, doing);
  }
}

/** Failures that end by themselves when nodes or the Kubernetes API answer again: what was begun is waited for all the same. */
const passing = ["crate_away", "kubernetes_away"];

export function isSilence(error: unknown): error is HandoverError {
  return error instanceof HandoverError && passing.includes(error.problem.code);
}

/** What was read, or null while nobody answers. Throws what is no silence, and when `signal` has ended the wait. */
export async function unlessSilent<T>(signal: AbortSignal, reading: Promise<T>): Promise<T | null> {
  try {
    return await reading;
  } catch (error) {
    if (!isSilence(error) || signal.aborted) throw error;
    return null;
  }
}
