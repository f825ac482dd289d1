import { HandoverError } from "../../domain/errors.ts";

/** What was read, or null while the API server is away: what was begun is waited for all the same. */
export async function unlessAway<T>(signal: AbortSignal, reading: Promise<T>): Promise<T | null> {
  try {
    return await reading;
  } catch (error) {
    const isAway = error instanceof HandoverError && error.problem.code === "kubernetes_away";
    if (!isAway || signal.aborted) throw error;
    return null;
  }
}
