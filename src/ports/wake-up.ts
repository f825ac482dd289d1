/** What a worker is woken for. `plan` and `execute` have queues of their own, so that planning never waits behind an hour of rolling. */
export type WakeUpKind = "plan" | "execute";

/** Wakes the workers of one cluster. A wake-up is a hint: the record is the truth, and workers walk it anyway. */
export interface WakeUp {
  /**
   * Adds a wake-up job for this request and revision; adding the same again does nothing.
   * Throws HandoverError `redis_away`: the reconciler will find the request all the same.
   */
  wake(kind: WakeUpKind, requestId: string, revision: number): Promise<void>;
}
