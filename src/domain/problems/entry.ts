/** How a problem ends for the one who asked; the command line turns it into its exit code. */
export type ProblemKind = "usage" | "refused" | "failed" | "unknown" | "locked" | "frozen";

/** One way in which something can go wrong: what happened and in what state things are, and what a person does next. */
export interface Entry<Details> {
  readonly kind: ProblemKind;
  readonly what: (details: Details) => string;
  readonly next: (details: Details) => string;
}

export function entry<Details>(
  kind: ProblemKind,
  what: (details: Details) => string,
  next: (details: Details) => string,
): Entry<Details> {
  return { kind, what, next };
}

export const sentence = (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

export const list = (items: readonly string[]) => (items.length === 0 ? "none" : items.join(", "));
