import type { RequestRecord } from "../domain/request.ts";
import { started } from "../domain/transitions/running.ts";
import type { LedgerExecution } from "../execution/ledger.ts";
import type { FaceStore, RequestStore } from "../ports/request-store.ts";

/** How long a face may be locked to put it back. */
const lockHoldMs = 5_000;

/** Puts back into Redis, from what stands beside the lease, what Redis has lost of a request that is being executed. */
export class RecordKeeper {
  readonly #store: RequestStore;
  readonly #faces: FaceStore;
  readonly #worker: string;

  constructor(store: RequestStore, faces: FaceStore, worker: string) {
    this.#store = store;
    this.#faces = faces;
    this.#worker = worker;
  }

  /**
   * After the commitment the cluster's word stands above Redis': a record that is missing, or older than the start, is
   * put back as running. Before it, a missing record comes back as the approved one, so that its expiry still counts.
   */
  async restoreIfLost(execution: LedgerExecution): Promise<void> {
    if (execution.authority.kind !== "grant") return;
    const { record } = execution.authority;
    const found = await this.#store.read(record.id);
    if (found !== null && !(execution.committed && isBehind(found.record, execution))) return;
    const nowMs = found?.nowMs ?? (await this.#store.nowMs());
    const base = { ...record, revision: Math.max(record.revision, found?.record.revision ?? 0) };
    const restored = execution.committed ? runningAgain(base, execution, nowMs) : base;
    await this.#store.restore(restored, {
      kind: "restored",
      requestId: record.id,
      by: { worker: this.#worker },
      facts: { executionId: execution.id, committed: execution.committed },
    });
    await this.#restoreFace(execution);
  }

  async #restoreFace(execution: LedgerExecution): Promise<void> {
    if (execution.authority.kind !== "grant" || execution.authority.face === null) return;
    const { record, face } = execution.authority;
    const lock = await this.#faces.lock(record.id, lockHoldMs);
    if (lock === null) return;
    try {
      if (lock.face !== null) return;
      const toldEntries = record.story.length;
      await lock.note({ ...face, drawnRevision: 0, toldEntries, postingSinceMs: null });
    } finally {
      await lock.release();
    }
  }
}

function isBehind(record: RequestRecord, execution: LedgerExecution): boolean {
  return record.execution?.id !== execution.id;
}

function runningAgain(record: RequestRecord, execution: LedgerExecution, nowMs: number): RequestRecord {
  const begun = { id: execution.id, worker: execution.startedBy, steps: execution.steps };
  const running = started({ ...record, state: "approved" }, begun, nowMs);
  if (!running.ok || running.record.execution === undefined) return record;
  const pause = execution.held?.pause ?? null;
  return {
    ...running.record,
    ...(pause === null ? {} : { wish: pause }),
    execution: { ...running.record.execution, committed: true },
  };
}
