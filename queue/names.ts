import type { WakeUpKind } from "../src/ports/wake-up.ts";

/** Before every key of BullMQ for one cluster. The braces keep a queue's keys in one slot of a Redis Cluster; one ACL pattern (`{handover:CLUSTER}:*`) covers them. */
export function queuePrefix(cluster: string): string {
  return `{handover:${cluster}}`;
}

/** The queue for a kind of wake-up. Planning has one of its own, so that it never waits behind an hour of rolling. */
export function queueName(kind: WakeUpKind): string {
  return kind;
}

/**
 * Names a job. BullMQ does nothing when it is given an id that still exists, so a wake-up that is repeated is one job;
 * `attempt` grows when a job of that name is there and dead, so that it cannot stand in the way of its own repair.
 */
export function jobId(kind: WakeUpKind, requestId: string, revision: number, attempt: number): string {
  return `${requestId}-${kind}-${revision}-${attempt}`;
}
