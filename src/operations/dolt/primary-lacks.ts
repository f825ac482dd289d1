import type { DoltAnswer, DoltView } from "./look.ts";

interface Holder {
  readonly answer: Pick<DoltAnswer, "databases" | "details">;
}

/** Something that one server holds and another does not. */
export interface Holding {
  readonly kind: "database" | "branch" | "account";
  /** In words: “branch x of database app”. */
  readonly text: string;
}

/** What the one primary that answers lacks, in words, by this one look; empty where none or several answer. */
export function missingOnPrimary(nodes: DoltView["nodes"]): string[] {
  const primaries = nodes.filter(({ answer }) => answer?.role === "primary");
  const standbys = nodes.flatMap(({ answer }) => (answer?.role === "standby" ? [{ answer }] : []));
  const [primary] = primaries;
  if (primary === undefined || primary.answer === null || primaries.length > 1) return [];
  return lackingOf({ answer: primary.answer }, standbys).map(({ text }) => text);
}

/** What the one primary lacks for certain: what passed between two looks is left out. */
export function lackingIn(view: Pick<DoltView, "nodes" | "passing">): string[] {
  return missingOnPrimary(view.nodes).filter((text) => !view.passing?.has(text));
}

/**
 * What a primary lacks that its standbys hold: databases, branches of databases that both have, accounts. Empty when it
 * lacks nothing. Only what *every* answering standby holds counts: a drop reaches those that live within moments, so one
 * that alone holds on to something has missed a drop (`surplusOf`). A primary without any database has no such excuse.
 */
function lackingOf(primary: Holder, standbys: readonly Holder[]): Holding[] {
  const surpluses = standbys.map((standby) => surplusOf(standby, primary));
  const isEmpty = primary.answer.databases.length === 0;
  const all = new Map(surpluses.flat().map((holding) => [holding.text, holding]));
  return [...all.values()].filter(
    ({ kind, text }) =>
      (isEmpty && kind === "database") || surpluses.every((surplus) => surplus.some((other) => other.text === text)),
  );
}

/** What this server holds beside the other. A missing database is named as a whole, without its branches. */
export function surplusOf(server: Holder, other: Holder): Holding[] {
  const own = new Set(holdingsOf(other).map(({ text }) => text));
  return holdingsOf(server).filter(
    ({ text, database }) => !own.has(text) && (database === null || other.answer.databases.includes(database)),
  );
}

function holdingsOf({ answer }: Holder): (Holding & { readonly database: string | null })[] {
  const { branches, accounts } = answer.details;
  return [
    ...answer.databases.map((name) => ({ kind: "database" as const, text: `database ${name}`, database: null })),
    ...Object.entries(branches).flatMap(([database, names]) =>
      names.map((name) => ({ kind: "branch" as const, text: `branch ${name} of database ${database}`, database })),
    ),
    ...accounts.map((name) => ({ kind: "account" as const, text: `account ${name}`, database: null })),
  ];
}
