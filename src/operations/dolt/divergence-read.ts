import type { BranchState, DoltEvidence, TableChange } from "../../ports/dolt-evidence.ts";
import { type CallOptions, DoltError, type DoltSession } from "../../ports/dolt-servers.ts";
import type { OperationContext } from "../operation.ts";
import { isAnswering } from "./assess.ts";
import type { AnsweringNode } from "./candidate.ts";
import type { BranchDivergence, BranchSide, Divergence, Side, TableDivergence } from "./divergence.ts";
import type { DoltView } from "./look.ts";
import { connectTo } from "./server-calls.ts";

/** For all of it; a person waits for the plan. What is not read by then is said to be not known. */
const evidenceDeadlineMs = 20_000;
const questionDeadlineMs = 10_000;
/** How far back the commit is looked for at which two sides parted. */
const commitsAtMost = 2_000;
/** Up to so many changed rows of a table are compared one by one. */
const rowsAtMost = 5_000;

/** What was found out about a target's sides. */
export interface Evidence {
  readonly sides: readonly Side[];
  /** One for each pair of answering servers, in the order of their ordinals. */
  readonly divergences: readonly Divergence[];
  /** By pod, why its side could not be read. */
  readonly unread: ReadonlyMap<string, string>;
}

/** Reads what every answering server holds, and compares each with each. */
export async function readEvidence(context: OperationContext, view: DoltView): Promise<Evidence> {
  const signal = AbortSignal.any([context.signal, AbortSignal.timeout(evidenceDeadlineMs)]);
  const readers: SideReader[] = [];
  const unread = new Map<string, string>();
  try {
    await Promise.all(
      view.nodes.filter(isAnswering).map(async (node) => {
        try {
          readers.push(await SideReader.open({ ...context, signal }, view, node));
        } catch (error) {
          if (!(error instanceof DoltError)) throw error;
          unread.set(node.name, error.message);
        }
      }),
    );
    const order = view.nodes.map(({ name }) => name);
    readers.sort((a, b) => order.indexOf(a.side.pod) - order.indexOf(b.side.pod));
    const divergences: Divergence[] = [];
    for (const [index, one] of readers.entries()) {
      for (const other of readers.slice(index + 1)) divergences.push(await compare(one, other));
    }
    return { sides: readers.map(({ side }) => side), divergences, unread };
  } finally {
    for (const reader of readers) reader.close();
  }
}

async function compare(one: SideReader, other: SideReader): Promise<Divergence> {
  const branches: BranchDivergence[] = [];
  for (const [database, ours] of one.side.databases) {
    const theirs = other.side.databases.get(database);
    if (theirs === undefined) continue;
    for (const branch of [...new Set([...ours, ...theirs].map(({ name }) => name))].sort()) {
      const our = ours.find(({ name }) => name === branch);
      const their = theirs.find(({ name }) => name === branch);
      if (our !== undefined && their !== undefined && isSame(our, their)) continue;
      branches.push(await compareBranch({ database, branch }, [one, our], [other, their]));
    }
  }
  return {
    one: one.side.pod,
    other: other.side.pod,
    onlyOnOne: surplusOf(one.side, other.side),
    onlyOnOther: surplusOf(other.side, one.side),
    branches,
  };
}

function surplusOf(side: Side, other: Side) {
  return {
    databases: [...side.databases.keys()].filter((database) => !other.databases.has(database)),
    accounts: side.accounts.filter((account) => !other.accounts.includes(account)),
  };
}

function isSame(one: BranchState, other: BranchState): boolean {
  return one.head === other.head && one.working === other.working && one.staged === other.staged;
}

async function compareBranch(
  where: { readonly database: string; readonly branch: string },
  [one, our]: readonly [SideReader, BranchState | undefined],
  [other, their]: readonly [SideReader, BranchState | undefined],
): Promise<BranchDivergence> {
  const alone = (state: BranchState | undefined): BranchSide | null =>
    state === undefined ? null : { state, commits: null, changes: null };
  if (our === undefined || their === undefined) return { ...where, base: null, one: alone(our), other: alone(their) };
  try {
    const [ours, theirs] = await Promise.all([one.commits(where), other.commits(where)]);
    const common = new Set(theirs);
    const base = ours.find((commit) => common.has(commit)) ?? null;
    const [ourChanges, theirChanges] = base === null ? [null, null] : await changesOf({ ...where, base }, one, other);
    return {
      ...where,
      base,
      one: { state: our, commits: base === null ? null : ours.indexOf(base), changes: ourChanges },
      other: { state: their, commits: base === null ? null : theirs.indexOf(base), changes: theirChanges },
    };
  } catch (error) {
    if (!(error instanceof DoltError)) throw error;
    return { ...where, base: null, one: alone(our), other: alone(their) };
  }
}

type Since = { readonly database: string; readonly branch: string; readonly base: string };

/** What changed on both sides since they parted, in the tables that are not equal now. */
async function changesOf(
  since: Since,
  one: SideReader,
  other: SideReader,
): Promise<readonly [TableDivergence[] | null, TableDivergence[] | null]> {
  try {
    const [ourTables, theirTables] = await Promise.all([one.tables(since), other.tables(since)]);
    const [ours, theirs] = await Promise.all([one.changes(since), other.changes(since)]);
    const names = namesOfDiffering([ourTables, theirTables], [ours, theirs]);
    const rows = new Map<string, readonly [string[] | null, string[] | null]>();
    for (const table of names) {
      rows.set(table, await Promise.all([one.rows({ ...since, table }), other.rows({ ...since, table })]));
    }
    const shapes = names.filter((name) => ![...ours, ...theirs].some(({ table }) => table === name)).map(shapeChange);
    const withRows = (changes: readonly TableChange[], own: 0 | 1): TableDivergence[] => [
      ...changes
        .filter(({ table }) => names.includes(table))
        .map((change) => {
          const both = rows.get(change.table);
          const [mine, others] = [both?.[own] ?? null, both?.[own === 0 ? 1 : 0] ?? null];
          const isKnown = mine !== null && others !== null && !hasNoRows(change);
          return { ...change, onlyHere: isKnown ? countMissing(mine, others) : null };
        }),
      ...shapes,
    ];
    return [withRows(ours, 0), withRows(theirs, 1)];
  } catch (error) {
    if (!(error instanceof DoltError)) throw error;
    return [null, null];
  }
}

/**
 * Tables that are not equal now. Those that only one of the lists of changes knows, as views and triggers do (rows of
 * `dolt_schemas`), have no hash that could be compared.
 */
function namesOfDiffering(
  [ourTables, theirTables]: readonly [Readonly<Record<string, string>>, Readonly<Record<string, string>>],
  [ours, theirs]: readonly [readonly TableChange[], readonly TableChange[]],
): string[] {
  const hashed = new Set([...Object.keys(ourTables), ...Object.keys(theirTables)]);
  const differing = [...hashed].filter((table) => ourTables[table] !== theirTables[table]);
  const unhashed = [...ours, ...theirs].map(({ table }) => table).filter((table) => !hashed.has(table));
  return [...new Set([...differing, ...unhashed])].sort();
}

/** A table that differs though no row of it changed: it was made, or has another shape. On which side, Dolt does not say. */
function shapeChange(table: string): TableDivergence {
  return { table, added: 0, modified: 0, deleted: 0, onlyHere: null };
}

function hasNoRows({ added, modified, deleted }: TableChange): boolean {
  return added === 0 && modified === 0 && deleted === 0;
}

/** How many of them the others have fewer times: a table without a primary key can have a row twice. */
function countMissing(mine: readonly string[], others: readonly string[]): number {
  const left = new Map<string, number>();
  for (const digest of others) left.set(digest, (left.get(digest) ?? 0) + 1);
  return mine.filter((digest) => {
    const count = left.get(digest) ?? 0;
    left.set(digest, count - 1);
    return count <= 0;
  }).length;
}

/**
 * One server, asked one question after another: it may have many branches, and it may be a primary under load. A question
 * without an answer costs its session; the next one opens another.
 */
class SideReader {
  readonly side: Side;
  readonly #connect: () => Promise<DoltSession>;
  readonly #options: CallOptions;
  #session: DoltSession | null;

  private constructor(side: Side, session: DoltSession, connect: () => Promise<DoltSession>, options: CallOptions) {
    this.side = side;
    this.#session = session;
    this.#connect = connect;
    this.#options = options;
  }

  static async open(context: OperationContext, view: DoltView, node: AnsweringNode): Promise<SideReader> {
    const options = { deadlineMs: questionDeadlineMs, signal: context.signal };
    const connect = () => connectTo(context, view, node.name);
    const session = await connect();
    try {
      const databases = new Map<string, BranchState[]>();
      for (const database of await session.databases(options)) {
        databases.set(database, await session.evidence.branches(database, options));
      }
      const { accounts } = await session.details(options);
      return new SideReader({ pod: node.name, databases, accounts }, session, connect, options);
    } catch (error) {
      session.close();
      throw error;
    }
  }

  commits({ database, branch }: { readonly database: string; readonly branch: string }): Promise<string[]> {
    return this.#ask((evidence) => evidence.commits(database, branch, commitsAtMost, this.#options));
  }

  tables({ database, branch }: Since): Promise<Readonly<Record<string, string>>> {
    return this.#ask((evidence) => evidence.tables(database, branch, this.#options));
  }

  changes({ database, branch, base }: Since): Promise<TableChange[]> {
    return this.#ask((evidence) => evidence.changesSince(database, branch, base, this.#options));
  }

  /** Null too where Dolt cannot compare a table's rows, because its shape changed. */
  async rows({ database, branch, base, table }: Since & { readonly table: string }): Promise<string[] | null> {
    const change = { database, branch, commit: base, table };
    try {
      return await this.#ask((evidence) => evidence.changedRows(change, rowsAtMost, this.#options));
    } catch (error) {
      if (error instanceof DoltError && error.outcome === "refused") return null;
      throw error;
    }
  }

  close(): void {
    this.#session?.close();
    this.#session = null;
  }

  async #ask<T>(question: (evidence: DoltEvidence) => Promise<T>): Promise<T> {
    this.#session ??= await this.#connect();
    try {
      return await question(this.#session.evidence);
    } catch (error) {
      if (error instanceof DoltError && error.outcome !== "refused") this.close();
      throw error;
    }
  }
}
