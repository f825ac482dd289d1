import { problemOf } from "../../domain/errors.ts";

/** What one look found. */
export interface Finding {
  /** What was looked at: “Redis: eviction”. */
  readonly subject: string;
  /** `not_checked`: nothing could be looked at, and `what` says why. */
  readonly state: "good" | "warning" | "bad" | "not_checked";
  readonly what: string;
  /** What mends it; for whatever is not good. */
  readonly mend?: string;
}

export const good = (subject: string, what: string): Finding => ({ subject, state: "good", what });
export const warning = (subject: string, what: string, mend: string): Finding => ({
  subject,
  state: "warning",
  what,
  mend,
});
export const bad = (subject: string, what: string, mend: string): Finding => ({ subject, state: "bad", what, mend });
export const notChecked = (subject: string, what: string, mend?: string): Finding => ({
  subject,
  state: "not_checked",
  what,
  ...(mend === undefined ? {} : { mend }),
});

/** A look that broke is a finding of its own, and ends no other. */
export async function lookedAt(subject: string, look: () => Promise<readonly Finding[]>): Promise<readonly Finding[]> {
  try {
    return await look();
  } catch (error) {
    const { what, next } = problemOf(error, `looking at ${subject}`);
    return [bad(subject, what, next)];
  }
}
