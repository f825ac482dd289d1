import { SqlError } from "../../../sandbox/dolt/sql/values.ts";
import type { Read, Write } from "../history.ts";
import type { Random } from "../random.ts";
import { database, type SimulatedCluster } from "./cluster.ts";
import type { SqlConnection } from "./dolt-servers.ts";

export interface ClientOptions {
  readonly writers: number;
  readonly readers: number;
  readonly restMs: number;
}

const connectDeadlineMs = 500;
/** After so long a run holds enough: clients take their time then, and the run stays cheap. */
const calmAfterMs = 4_000;

/**
 * Applications on a simulated cluster: writers and readers that follow the label, and one writer and reader a server that
 * ignore it, so that whatever takes writes is found out. Everything they see is kept.
 */
export class SimulatedClients {
  readonly writes: Write[] = [];
  readonly reads: Read[] = [];
  readonly #cluster: SimulatedCluster;
  readonly #random: Random;
  readonly #restMs: number;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>[] = [];
  #lastId = 0;
  #connections = 0;

  constructor(cluster: SimulatedCluster, random: Random, options: ClientOptions) {
    this.#cluster = cluster;
    this.#random = random;
    this.#restMs = options.restMs;
    const routed = () => cluster.routedAddress();
    for (let one = 1; one <= options.writers; one += 1) this.#running.push(this.#write(`writer ${one}`, routed));
    for (let one = 1; one <= options.readers; one += 1) this.#running.push(this.#read(`reader ${one}`, routed));
    for (const pod of cluster.pods) {
      this.#running.push(this.#write(`direct writer of ${pod}`, () => cluster.kubelet.addressOf(pod)));
      this.#running.push(this.#read(`direct reader of ${pod}`, () => cluster.kubelet.addressOf(pod)));
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
    return await this.#cluster.until(async () => {
      const address = this.#cluster.routedAddress();
      if (address === null) return false;
      const connection = await this.#cluster.connectTo(address, "last");
      try {
        await connection.query(`INSERT INTO ${database}.t VALUES (?, 'last')`, [this.#nextId()]);
        return true;
      } finally {
        connection.close();
      }
    }, deadlineMs);
  }

  async #write(client: string, address: () => string | null): Promise<void> {
    let connection: SqlConnection | null = null;
    let opened = "";
    while (!this.#stop.signal.aborted) {
      const ip = address();
      if (ip === null || (connection !== null && this.#cluster.kubelet.nameAt(ip) !== connection.server.name)) {
        connection?.close();
        connection = null;
      }
      if (ip !== null && connection === null) {
        connection = await this.#connect(ip, client);
        opened = `${client} ${this.#connections}`;
      }
      if (connection !== null && !(await this.#writeOnce(client, opened, connection))) {
        connection.close();
        connection = null;
      }
      await this.#rest(this.#restMs);
    }
    connection?.close();
  }

  /** False: the connection is of no use any more. */
  async #writeOnce(client: string, opened: string, connection: SqlConnection): Promise<boolean> {
    const { time } = this.#cluster;
    const id = this.#nextId();
    const startMs = time.monotonicMs();
    const end = (outcome: Write["outcome"]) => {
      const { name: server } = connection.server;
      this.writes.push({ id, client, server, connection: opened, startMs, endMs: time.monotonicMs(), outcome });
    };
    try {
      const answer = await this.#orStopped(connection.query(`INSERT INTO ${database}.t VALUES (?, 'w')`, [id]));
      if (answer === "stopped") {
        end("maybe");
        return false;
      }
      end(answer.warnings.some((warning) => warning.code === 3024) ? "ok_3024" : "ok");
      return true;
    } catch (error) {
      end(error instanceof SqlError ? "refused" : "maybe");
      return false;
    }
  }

  async #read(client: string, address: () => string | null): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const ip = address();
      const connection = ip === null ? null : await this.#connect(ip, client);
      if (connection !== null) {
        await this.#readOnce(client, connection);
        connection.close();
      }
      await this.#rest(300);
    }
  }

  async #readOnce(client: string, connection: SqlConnection): Promise<void> {
    const { time } = this.#cluster;
    const startMs = time.monotonicMs();
    const isWritable = async () => {
      const answer = await this.#orStopped(connection.query("SELECT @@GLOBAL.read_only AS n"));
      return answer !== "stopped" && answer.rows[0]?.n === 0;
    };
    try {
      const before = await isWritable();
      if (!before) return;
      const answer = await this.#orStopped(connection.query(`SELECT id FROM ${database}.t`));
      if (answer === "stopped") return;
      const writable = await isWritable();
      // What a standby holds promises nothing, and there is much of it.
      if (!writable) return;
      const ids = new Set(answer.rows.map((row) => Number(row.id)));
      this.reads.push({ client, server: connection.server.name, startMs, endMs: time.monotonicMs(), writable, ids });
    } catch {
      // It was cut off, or the server has no such table: nothing was read.
    }
  }

  async #connect(ip: string, client: string): Promise<SqlConnection | null> {
    this.#connections += 1;
    const connecting = this.#cluster.connectTo(ip, client);
    const late = this.#cluster.time.sleep(connectDeadlineMs);
    try {
      const connection = await Promise.race([connecting, late]);
      if (connection instanceof Object) return connection;
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
    const calm = 1 + Math.max(0, this.#cluster.time.monotonicMs() - calmAfterMs) / 1_500;
    const durationMs = atLeastMs * Math.min(calm, 40) + this.#random.int(0, 15);
    await this.#cluster.time.sleep(durationMs, this.#stop.signal).catch(() => undefined);
  }

  #nextId(): number {
    this.#lastId += 1;
    return this.#lastId;
  }
}
