import { once } from "node:events";
import { type Job, Worker } from "bullmq";
import { connectRedis } from "../src/adapters/redis/connection.ts";
import { type Problem, problem, problemOf } from "../src/domain/errors.ts";
import type { WakeUpKind } from "../src/ports/wake-up.ts";
import { queueName, queuePrefix } from "./names.ts";
import { type WakeUpPayload, wakeUpPayloadSchema } from "./payload.ts";
import { closeQueue, openQueue } from "./producer.ts";

/**
 * How long a job stays with a worker that has gone silent, and how often that is looked at. Short, because two handlers
 * at once are harmless (the record and the Lease decide) and a plan is waited for by people.
 */
const lockMs = 10_000;
const stalledLookMs = 5_000;
/** BullMQ counts over a job's whole life; a worker that is rolled out often must not make it give up. */
const stalledLimit = 1_000;
/** How long BullMQ waits after Redis failed before it asks again. Its own 15 s would be most of a plan's time. */
const retryPauseMs = 1_000;

export interface ConsumerOptions {
  readonly url: string;
  readonly cluster: string;
  readonly kind: WakeUpKind;
  /** How many jobs are handled at once. */
  readonly concurrency: number;
  /** Does whatever the request's record asks for. Can be called twice for one request, and at the same time. */
  readonly handle: (requestId: string, signal: AbortSignal) => Promise<void>;
  /** Hears of each handler that threw, each job that nobody wrote like this, each loss of Redis. */
  readonly onProblem: (problem: Problem, requestId: string | null) => void;
}

/** What a liveness probe looks at: `waiting` above 0 while nothing is active and `taken` stands still is a stall. */
export interface Consumption {
  /** Jobs that wait, of the whole cluster. */
  readonly waiting: number;
  /** Jobs that some worker holds, of the whole cluster. */
  readonly active: number;
  /** Jobs that this consumer is handling now. */
  readonly handling: number;
  /** Jobs that this consumer has taken since it started. */
  readonly taken: number;
}

export interface Consumer {
  /** @throws {HandoverError} `redis_away` */
  consumption(): Promise<Consumption>;
  /**
   * Takes nothing more, aborts the handlers' signals and waits for them until the deadline. A handler that is late is
   * left behind: its job goes to another worker, and its request is in the record. Safe to call twice.
   */
  close(deadlineMs: number): Promise<void>;
}

/** Begins to take a cluster's jobs of one kind. Returns at once; while Redis is away it waits for it, at any time. */
export function startConsumer(options: ConsumerOptions): Consumer {
  const { cluster, kind, onProblem } = options;
  const onTrouble = (why: string) => onProblem(problem("redis_away", { why }), null);
  const connection = connectRedis(options.url, { role: "queue", onTrouble });
  const counting = connectRedis(options.url, { role: "worker" });
  const stopping = new AbortController();
  /** Handled jobs that BullMQ has yet to take out of the queue. */
  const finishing = new Set<Job<WakeUpPayload>>();
  let handling = 0;
  let taken = 0;

  const worker = new Worker<WakeUpPayload>(
    queueName(kind),
    async (job: Job<WakeUpPayload>) => {
      taken += 1;
      handling += 1;
      await handleJob(job, options, stopping.signal);
      handling -= 1;
      finishing.add(job);
    },
    {
      connection: connection.client,
      prefix: queuePrefix(cluster),
      concurrency: options.concurrency,
      lockDuration: lockMs,
      stalledInterval: stalledLookMs,
      maxStalledCount: stalledLimit,
      runRetryDelay: retryPauseMs,
      removeOnComplete: { count: 0 },
      removeOnFail: { count: 0 },
    },
  );
  worker.on("completed", (job) => finishing.delete(job));
  worker.on("error", (error) => {
    // One of them may never be taken out now. Whoever finds it in the queue looks at the record, and has nothing to do.
    finishing.clear();
    // What the connection tells by itself is not told twice.
    if (!isFromRedis(error))
      onProblem(problem("unexpected", { doing: `taking ${kind} jobs`, why: error.message }), null);
  });

  let closing: Promise<void> | null = null;
  const close = async (deadlineMs: number) => {
    const deadline = AbortSignal.timeout(deadlineMs);
    await worker.pause(true);
    stopping.abort(new Error("the worker is shutting down"));
    while (handling + finishing.size > 0 && !deadline.aborted) {
      // Rejects at the deadline, and for any error of BullMQ; the loop looks again at what is left.
      await once(worker, "completed", { signal: deadline }).catch(() => undefined);
    }
    // Forced, also when nothing is left to wait for: a Redis that is away would keep BullMQ waiting for its own goodbye.
    await worker.close(true);
    await Promise.all([connection.close(), counting.close()]);
  };

  return {
    consumption: () =>
      counting.run(async () => {
        const queue = openQueue(counting, cluster, kind);
        try {
          const counts = await queue.getJobCounts("waiting", "active");
          return { waiting: counts.waiting ?? 0, active: counts.active ?? 0, handling, taken };
        } finally {
          await closeQueue(queue);
        }
      }),
    close: (deadlineMs) => {
      closing ??= close(deadlineMs);
      return closing;
    },
  };
}

/** Never throws: BullMQ is not to try again what the reconciler sees in the record anyway. */
async function handleJob(job: Job<WakeUpPayload>, options: ConsumerOptions, signal: AbortSignal): Promise<void> {
  const payload = wakeUpPayloadSchema.safeParse(job.data);
  if (!payload.success) {
    const why = "its data is not a wake-up, so it was dropped";
    options.onProblem(problem("unexpected", { doing: `reading job ${job.id}`, why }), null);
    return;
  }
  if (signal.aborted) return;
  const { requestId } = payload.data;
  try {
    await options.handle(requestId, signal);
  } catch (error) {
    options.onProblem(problemOf(error, `handling ${options.kind} of ${requestId}`), requestId);
  }
}

/** ioredis' and Redis' own errors hold addresses and arguments; BullMQ's are plain sentences about a job. */
function isFromRedis(error: Error): boolean {
  return error.name !== "Error" || "code" in error || error.message === "Connection is closed.";
}
