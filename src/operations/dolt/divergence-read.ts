import type { BranchState, TableChange } from "../../ports/dolt-evidence.ts";
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
    const differs = ({ table }: TableChange) => ourTables[table] !== theirTables[table];
    const names = [...new Set([...ours, ...theirs].filter(differs).map(({ table }) => table))].sort();
    const rows = new Map<string, readonly [string[] | null, string[] | null]>();
    for (const table of names) {
      rows.set(table, await Promise.all([one.rows({ ...since, table }), other.rows({ ...since, table })]));
    }
    const withRows = (changes: readonly TableChange[], own: 0 | 1): TableDivergence[] =>
      changes.filter(differs).map((change) => {
        const both = rows.get(change.table);
        const [mine, others] = [both?.[own] ?? null, both?.[own === 0 ? 1 : 0] ?? null];
        return { ...change, onlyHere: mine === null || others === null ? null : countMissing(mine, others) };
      });
    return [withRows(ours, 0), withRows(theirs, 1)];
  } catch (error) {
    if (!(error instanceof DoltError)) throw error;
    return [null, null];
  }
}

function countMissing(mine: readonly string[], others: readonly string[]): number {
  const known = new Set(others);
  return mine.filter((digest) => !known.has(digest)).length;
}

/** One session with one server, asked one question after another: it may have many branches, and it may be a primary under load. */
class SideReader {
  readonly side: Side;
  readonly #session: DoltSession;
  readonly #options: CallOptions;

  private constructor(side: Side, session: DoltSession, options: CallOptions) {
    this.side = side;
    this.#session = session;
    this.#options = options;
  }

  static async open(context: OperationContext, view: DoltView, node: AnsweringNode): Promise<SideReader> {
    const options = { deadlineMs: questionDeadlineMs, signal: context.signal };
    const session = await connectTo(context, view, node.name);
    try {
      const databases = new Map<string, BranchState[]>();
      for (const database of await session.databases(options)) {
        databases.set(database, await session.evidence.branches(database, options));
      }
      const { accounts } = await session.details(options);
      return new SideReader({ pod: node.name, databases, accounts }, session, options);
    } catch (error) {
      session.close();
      throw error;
    }
  }

  commits({ database, branch }: { readonly database: string; readonly branch: string }): Promise<string[]> {
    return this.#session.evidence.commits(database, branch, commitsAtMost, this.#options);
  }

  tables({ database, branch }: Since): Promise<Readonly<Record<string, string>>> {
    return this.#session.evidence.tables(database, branch, this.#options);
  }

  changes({ database, branch, base }: Since): Promise<TableChange[]> {
    return this.#session.evidence.changesSince(database, branch, base, this.#options);
  }

  /** Null too where Dolt cannot compare a table's rows, because its shape changed. */
  async rows({ database, branch, base, table }: Since & { readonly table: string }): Promise<string[] | null> {
    try {
      const change = { database, branch, commit: base, table };
      return await this.#session.evidence.changedRows(change, rowsAtMost, this.#options);
    } catch (error) {
      if (error instanceof DoltError && error.outcome === "refused") return null;
      throw error;
    }
  }

  close(): void {
    this.#session.close();
  }
}
