import { type DatabaseState, mergeRoots } from "./database.ts";
import type { Instance } from "./instance.ts";

/** What one transaction reads and has written: a snapshot of all databases, and its own states over it. */
export class Transaction {
  readonly #instance: Instance;
  readonly #base: ReadonlyMap<string, DatabaseState>;
  readonly #written = new Map<string, DatabaseState>();

  constructor(instance: Instance) {
    this.#instance = instance;
    this.#base = new Map([...instance.volume.databases].map(([name, { state }]) => [name, state]));
  }

  /** Undefined for a database made after the transaction began. */
  state(database: string): DatabaseState | undefined {
    return this.#written.get(database) ?? this.#base.get(database);
  }

  put(database: string, state: DatabaseState): void {
    this.#written.set(database, state);
  }

  /** What has to be stored, merged with what others committed meanwhile. Throws when both changed the same row. */
  changes(): ReadonlyMap<string, DatabaseState> {
    const changes = new Map<string, DatabaseState>();
    for (const [database, ours] of this.#written) {
      const base = this.#base.get(database) ?? ours;
      const theirs = this.#instance.state(database);
      const branches = new Map(theirs.branches);
      for (const [name, branch] of ours.branches) {
        const before = base.branches.get(name);
        const now = theirs.branches.get(name);
        if (before === undefined || now === undefined || branch.working === before.working) continue;
        branches.set(name, { ...now, working: mergeRoots(before.working, now.working, branch.working) });
      }
      changes.set(database, theirs === base ? ours : { ...theirs, branches });
    }
    return changes;
  }
}
