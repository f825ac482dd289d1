import { Queue } from "bullmq";
import type { RedisConnection } from "../src/adapters/redis/connection.ts";
import type { WakeUp, WakeUpKind } from "../src/ports/wake-up.ts";
import { jobId, queueName, queuePrefix } from "./names.ts";
import type { WakeUpPayload } from "./payload.ts";

/** How many dead jobs of one name are stepped over. More than one needs somebody who deletes parts of a queue. */
const attemptLimit = 10;

/** Wakes a cluster's workers through BullMQ. Shares a connection, and leaves it open. */
export class QueueWakeUp implements WakeUp {
  readonly #connection: RedisConnection;
  readonly #cluster: string;
  readonly #queues = new Map<WakeUpKind, Queue<WakeUpPayload>>();

  constructor(connection: RedisConnection, cluster: string) {
    this.#connection = connection;
    this.#cluster = cluster;
  }

  async wake(kind: WakeUpKind, requestId: string, revision: number): Promise<void> {
    await this.#connection.run(async () => {
      const queue = this.#queue(kind);
      try {
        await addOnce(queue, kind, { requestId, revision });
      } catch (error) {
        // A Queue whose first look at Redis failed never recovers, whatever the connection does later.
        if (this.#queues.get(kind) === queue) this.#queues.delete(kind);
        await closeQueue(queue);
        throw error;
      }
    });
  }

  async close(): Promise<void> {
    const queues = [...this.#queues.values()];
    this.#queues.clear();
    await Promise.all(queues.map((queue) => closeQueue(queue)));
  }

  #queue(kind: WakeUpKind): Queue<WakeUpPayload> {
    const known = this.#queues.get(kind);
    if (known !== undefined) return known;
    const queue = openQueue(this.#connection, this.#cluster, kind);
    this.#queues.set(kind, queue);
    return queue;
  }
}

/** A cluster's queue over a shared connection. */
export function openQueue(connection: RedisConnection, cluster: string, kind: WakeUpKind): Queue<WakeUpPayload> {
  const queue = new Queue<WakeUpPayload>(queueName(kind), {
    connection: connection.client,
    prefix: queuePrefix(cluster),
    skipMetasUpdate: true,
  });
  // The connection itself tells of its troubles; without a listener BullMQ's copy of them would end the process.
  queue.on("error", () => undefined);
  return queue;
}

export async function closeQueue(queue: Queue<WakeUpPayload>): Promise<void> {
  // Closing waits for the first look at Redis and fails as that did; what is left then is nothing.
  await queue.close().catch(() => undefined);
}

async function addOnce(queue: Queue<WakeUpPayload>, kind: WakeUpKind, payload: WakeUpPayload): Promise<void> {
  for (let attempt = 1; attempt <= attemptLimit; attempt++) {
    const id = jobId(kind, payload.requestId, payload.revision, attempt);
    const known = await queue.getJob(id);
    if (known === undefined) {
      await queue.add(kind, payload, { jobId: id, attempts: 1, removeOnComplete: true, removeOnFail: true });
      return;
    }
    const state = await known.getState();
    const isDead = state === "completed" || state === "failed" || state === "unknown";
    if (!isDead) return;
  }
}
