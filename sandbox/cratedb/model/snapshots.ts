import { sqlErrors } from "../engine/errors.ts";
import type { TablePart } from "./types.ts";

export interface SimSnapshot {
  readonly repository: string;
  readonly name: string;
  readonly startedMs: number;
  /** Null: it runs until somebody ends it. */
  readonly endsMs: number | null;
  readonly parts: readonly TablePart[];
  state: "IN_PROGRESS" | "SUCCESS";
  finishedMs: number | null;
}

export interface SimRestore {
  readonly repository: string;
  readonly snapshot: string;
  state: "STARTED" | "SUCCESS";
}

/** Repositories and what lies in them. */
export class Snapshots {
  readonly repositories = new Map<string, { readonly type: string }>();
  readonly snapshots: SimSnapshot[] = [];
  readonly restores: SimRestore[] = [];

  createRepository(name: string, type: string): void {
    if (this.repositories.has(name)) throw sqlErrors.repositoryExists(name);
    this.repositories.set(name, { type });
  }

  dropRepository(name: string): void {
    if (!this.repositories.delete(name)) throw sqlErrors.noRepository(name);
  }

  begin(
    repository: string,
    name: string,
    parts: readonly TablePart[],
    times: { readonly startedMs: number; readonly endsMs: number | null },
  ): SimSnapshot {
    if (!this.repositories.has(repository)) throw sqlErrors.noRepository(repository);
    if (this.#find(repository, name) !== undefined) throw sqlErrors.snapshotExists(`${repository}.${name}`);
    const snapshot: SimSnapshot = { repository, name, parts, ...times, state: "IN_PROGRESS", finishedMs: null };
    this.snapshots.push(snapshot);
    return snapshot;
  }

  end(snapshot: SimSnapshot, nowMs: number): void {
    snapshot.state = "SUCCESS";
    snapshot.finishedMs = nowMs;
  }

  drop(repository: string, name: string): void {
    if (!this.repositories.has(repository)) throw sqlErrors.noRepository(repository);
    const found = this.#find(repository, name);
    if (found === undefined) throw sqlErrors.noSnapshot(`${repository}.${name}`);
    this.snapshots.splice(this.snapshots.indexOf(found), 1);
  }

  running(): SimSnapshot[] {
    return this.snapshots.filter(({ state }) => state === "IN_PROGRESS");
  }

  #find(repository: string, name: string): SimSnapshot | undefined {
    return this.snapshots.find((one) => one.repository === repository && one.name === name);
  }
}
