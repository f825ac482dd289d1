import type { RequestStore } from "../../src/ports/request-store.ts";

/** What a clock would do for a request that waits for people: so many minutes have passed since it began to. */
export async function minutesPass(
  store: Pick<RequestStore, "read" | "compareAndSet">,
  requestId: string,
  minutes: number,
): Promise<void> {
  const found = await store.read(requestId);
  if (found === null) throw new Error(`there is no request ${requestId}`);
  const { record } = found;
  const before = record.waiting;
  if (before === undefined) throw new Error(`request ${requestId} does not wait`);
  const waiting = { ...before, sinceMs: before.sinceMs - minutes * 60_000 };
  const event = { kind: "test", requestId, by: { worker: "test" }, facts: {} };
  const isWritten = await store.compareAndSet({ ...record, revision: record.revision + 1, waiting }, event);
  if (!isWritten) throw new Error(`request ${requestId} was changed by somebody else meanwhile`);
}
