import { once } from "node:events";
import { Redis, type RedisOptions } from "ioredis";
import { fail, HandoverError } from "../../domain/errors.ts";
import { troubleText } from "./trouble.ts";

/**
 * - `edge`: somebody waits in front of Slack; answers within 300 ms or fails.
 * - `worker`: nobody waits, yet nothing may hang; answers within 2 s or fails.
 * - `queue`: for BullMQ, which waits for Redis by itself and blocks on it.
 */
export type RedisRole = "edge" | "worker" | "queue";

/** How long one call may take, getting connected included. */
const deadlinesMs = { edge: 300, worker: 2_000 } as const;
const connectTimeoutMs = 2_000;
const closeDeadlineMs = 1_000;
const longestReconnectPauseMs = 1_000;

export interface ConnectOptions {
  readonly role: RedisRole;
  /** Hears why the connection is away, each reason once until it is back, in words without the address or the password. */
  readonly onTrouble?: (why: string) => void;
}

/** A connection to Redis that comes back by itself until it is closed. */
export interface RedisConnection {
  /** For BullMQ, which brings its own commands. */
  readonly client: Redis;
  /**
   * Runs commands, waiting for the connection at most as long as the role's deadline leaves.
   * @throws {HandoverError} `redis_away`: whether the commands were carried out is not known
   */
  run<T>(commands: (client: Redis) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/**
 * Begins to connect and returns at once: a process starts, and says what is wrong, also while Redis is away.
 * @param url `redis://` or `rediss://`, with user and password where there are some
 */
export function connectRedis(url: string, options: ConnectOptions): RedisConnection {
  const client = new Redis(url, clientOptions(options.role));
  // One promise an outage, however many callers wait for its end.
  let ready = Promise.withResolvers<void>();
  let isReady = false;
  let lastTrouble: string | null = null;
  let isClosing = false;
  const tell = (trouble: string) => {
    if (trouble !== lastTrouble) options.onTrouble?.(trouble);
    lastTrouble = trouble;
  };
  client.on("error", (error) => tell(troubleText(error)));
  client.on("ready", () => {
    isReady = true;
    lastTrouble = null;
    ready.resolve();
  });
  client.on("close", () => {
    if (!isReady) return;
    isReady = false;
    ready = Promise.withResolvers();
    if (!isClosing) tell("the connection was lost");
  });
  const deadlineMs = options.role === "edge" ? deadlinesMs.edge : deadlinesMs.worker;
  return {
    client,
    run: async (commands) => {
      const deadline = AbortSignal.timeout(deadlineMs);
      try {
        if (client.status === "end") throw new Error("the connection was closed");
        await beforeAbort(ready.promise, deadline);
        return await beforeAbort(commands(client), deadline);
      } catch (error) {
        if (error instanceof HandoverError) throw error;
        const late = `no answer within ${deadlineMs} ms`;
        const why = deadline.aborted ? (lastTrouble ?? late) : troubleText(error);
        throw fail("redis_away", { why });
      }
    },
    close: () => {
      isClosing = true;
      return closeClient(client);
    },
  };
}

function clientOptions(role: RedisRole): RedisOptions {
  const common: RedisOptions = {
    connectTimeout: connectTimeoutMs,
    keepAlive: 10_000,
    connectionName: `handover-${role}`,
    retryStrategy: (times) => Math.min(times * 50, longestReconnectPauseMs),
  };
  if (role === "queue") return { ...common, maxRetriesPerRequest: null };
  return {
    ...common,
    // A command that was cut off is never sent again by the driver: a write that did happen would be taken for
    // somebody else's. The caller is told that it is not known, and looks.
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    enableOfflineQueue: false,
    // A connection on which nothing is answered is given up, as after a Lambda was frozen.
    socketTimeout: deadlinesMs[role],
  };
}

async function beforeAbort<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal.reason);
  if (signal.aborted) onAbort();
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

async function closeClient(client: Redis): Promise<void> {
  // Between two attempts to connect there is no socket, so nothing ends: ioredis only forgets its next attempt.
  if (client.status === "end" || client.status === "reconnecting") return client.disconnect();
  const ended = once(client, "end", { signal: AbortSignal.timeout(closeDeadlineMs) });
  client.disconnect();
  // An end that never comes leaves nothing to wait for: the socket is destroyed already.
  await ended.catch(() => undefined);
}
