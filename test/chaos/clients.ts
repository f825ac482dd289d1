import type { Clock } from "../../src/ports/clock.ts";
import { type Address, becomesTrue, type ClientConnection, type ClientNetwork, Refusal } from "./environment.ts";
import type { Read, Write } from "./history.ts";
import type { Random } from "./random.ts";

export interface ClientOptions {
  readonly clock: Clock;
  readonly network: ClientNetwork;
  readonly random: Random;
  readonly pods: readonly string[];
  readonly writers: number;
  readonly readers: number;
  /** How long a writer rests after each write. */
  readonly restMs: number;
  readonly firstId: number;
}

const connectDeadlineMs = 500;
const readerRestMs = 300;
/** After so long a run holds enough: clients take their time then, and a simulated run stays cheap. */
const calmAfterMs = 4_000;

/**
 * Applications: writers and readers that follow the label, and one writer and one reader a server that ignore it, so that
 * whatever takes writes is found out. Everything they see is kept.
 */
export class Clients {
  readonly writes: Write[] = [];
  readonly reads: Read[] = [];
  readonly #options: ClientOptions;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>[] = [];
  readonly #startedAtMs: number;
  #nextId: number;
  #connections = 0;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#nextId = options.firstId;
    this.#startedAtMs = options.clock.monotonicMs();
    const { network } = options;
    const routed = () => network.routed();
    for (let one = 1; one <= options.writers; one += 1) this.#running.push(this.#write(`writer ${one}`, routed));
    for (let one = 1; one <= options.readers; one += 1) this.#running.push(this.#read(`reader ${one}`, routed));
    for (const pod of options.pods) {
      this.#running.push(this.#write(`direct writer of ${pod}`, () => network.addressOf(pod)));
      this.#running.push(this.#read(`direct reader of ${pod}`, () => network.addressOf(pod)));
    }
  }

  /** Ids acknowledged so far. */
  acknowledged(): number[] {
    return this.writes.flatMap(({ id, outcome }) => (outcome.startsWith("ok") ? [id] : []));
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#running);
  }

  /** Whether a new client that follows the label has a write acknowledged before the deadline. */
  async takesWrites(deadlineMs: number): Promise<boolean> {
    const { clock, network } = this.#options;
    return await becomesTrue(clock, deadlineMs, async () => {
      const address = network.routed();
      const connection = address === null ? null : await this.#connect(address, "last");
      if (connection === null) return false;
      try {
        const answer = await Promise.race([connection.insert(this.#takeId()), clock.sleep(2_000)]);
        return answer !== undefined;
      } finally {
        connection.close();
      }
    });
  }

  async #write(client: string, address: () => Address | null): Promise<void> {
    let open: { connection: ClientConnection; to: Address; name: string } | null = null;
    while (!this.#stop.signal.aborted) {
      const to = address();
      if (open !== null && (to === null || open.to.ip !== to.ip)) {
        open.connection.close();
        open = null;
      }
      if (open === null && to !== null) {
        const connection = await this.#connect(to, client);
        if (connection !== null) open = { connection, to, name: `${client} ${this.#connections}` };
      }
      if (open !== null && !(await this.#writeOnce(client, open.name, open.to.pod, open.connection))) {
        open.connection.close();
        open = null;
      }
      await this.#rest(this.#options.restMs);
    }
    open?.connection.close();
  }

  /** False: the connection is of no use any more. */
  async #writeOnce(
    client: string,
    connectionName: string,
    server: string,
    connection: ClientConnection,
  ): Promise<boolean> {
    const { clock } = this.#options;
    const id = this.#takeId();
    const startMs = clock.monotonicMs();
    const end = (outcome: Write["outcome"]) => {
      this.writes.push({
        id,
        client,
        server,
        connection: connectionName,
        startMs,
        endMs: clock.monotonicMs(),
        outcome,
      });
    };
    try {
      const answer = await this.#orStopped(connection.insert(id));
      end(answer === "stopped" ? "maybe" : answer);
      return answer !== "stopped";
    } catch (error) {
      end(error instanceof Refusal ? "refused" : "maybe");
      return false;
    }
  }

  async #read(client: string, address: () => Address | null): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const to = address();
      const connection = to === null ? null : await this.#connect(to, client);
      if (to !== null && connection !== null) {
        await this.#readOnce(client, to.pod, connection);
        connection.close();
      }
      await this.#rest(readerRestMs);
    }
  }

  /** Only a server that takes writes promises to hold everything: what a standby holds is not kept. */
  async #readOnce(client: string, server: string, connection: ClientConnection): Promise<void> {
    const { clock } = this.#options;
    const startMs = clock.monotonicMs();
    try {
      if ((await this.#orStopped(connection.isWritable())) !== true) return;
      const ids = await this.#orStopped(connection.ids());
      if (ids === "stopped") return;
      const writable = (await this.#orStopped(connection.isWritable())) === true;
      if (writable) this.reads.push({ client, server, startMs, endMs: clock.monotonicMs(), writable, ids });
    } catch {
      // It was cut off, or the server has no such table: nothing was read.
    }
  }

  async #connect(address: Address, client: string): Promise<ClientConnection | null> {
    this.#connections += 1;
    const connecting = this.#options.network.connect(address, client);
    try {
      const connection = await Promise.race([connecting, this.#options.clock.sleep(connectDeadlineMs)]);
      if (connection !== undefined) return connection;
    } catch {
      return null;
    }
    connecting.then(
      (unwanted) => unwanted.close(),
      () => undefined,
    );
    return null;
  }

  /** A client that is stopped does not wait for a server that is frozen. */
  async #orStopped<T>(answer: Promise<T>): Promise<T | "stopped"> {
    const { signal } = this.#stop;
    const { promise, resolve } = Promise.withResolvers<"stopped">();
    const onStop = () => resolve("stopped");
    signal.addEventListener("abort", onStop, { once: true });
    if (signal.aborted) onStop();
    try {
      return await Promise.race([answer, promise]);
    } finally {
      signal.removeEventListener("abort", onStop);
      answer.catch(() => undefined);
    }
  }

  async #rest(atLeastMs: number): Promise<void> {
    const { clock, random } = this.#options;
    const calm = 1 + Math.max(0, clock.monotonicMs() - this.#startedAtMs - calmAfterMs) / 1_500;
    const durationMs = atLeastMs * Math.min(calm, 40) + random.int(0, 15);
    await clock.sleep(durationMs, this.#stop.signal).catch(() => undefined);
  }

  #takeId(): number {
    this.#nextId += 1;
    return this.#nextId;
  }
}
