import { type Connection, createConnection } from "mysql2/promise";

/** One write that a server acknowledged: which, and when by this process' clock. */
export interface Acknowledgement {
  readonly server: string;
  readonly atMs: number;
}

/**
 * Clients that ignore all routing: one a server, each trying to write there all the time. What they get acknowledged shows
 * which servers were writable when, whatever roles and labels say.
 */
export class DirectWriters {
  readonly #stop = new AbortController();
  readonly #acknowledged: Acknowledgement[] = [];
  #running: Promise<unknown> = Promise.resolve();

  /** @param connect opens a connection to a server, to a database that holds the table `t` */
  static start(
    servers: readonly string[],
    connect: (server: string) => Promise<Connection>,
    firstId: number,
  ): DirectWriters {
    const writers = new DirectWriters();
    writers.#running = Promise.all(
      servers.map((server, index) => writers.#write(server, connect, firstId + index * 1_000_000)),
    );
    return writers;
  }

  /** Ends them, and gives what was acknowledged in the order of time. */
  async stop(): Promise<readonly Acknowledgement[]> {
    this.#stop.abort();
    await this.#running;
    return this.#acknowledged;
  }

  async #write(server: string, connect: (server: string) => Promise<Connection>, firstId: number): Promise<void> {
    let connection: Connection | null = null;
    for (let id = firstId; !this.#stop.signal.aborted; id += 1) {
      try {
        connection ??= await connect(server);
        await connection.query("INSERT INTO t VALUES (?, 'direct')", [id]);
        this.#acknowledged.push({ server, atMs: performance.now() });
      } catch {
        // Not writable, or cut off by a change of roles: asked again at once, so that no moment of two primaries is missed.
        connection?.destroy();
        connection = null;
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    connection?.destroy();
  }
}

/**
 * How often the writable server changed. With one writable at a time it changes once a hand-over; two at the same time
 * would be acknowledged by turns, and change many times.
 */
export function changesOfServer(history: readonly Acknowledgement[]): number {
  return history.filter((one, index) => index > 0 && history[index - 1]?.server !== one.server).length;
}

export async function connectDirectly(
  address: { host: string; port: number },
  credentials: { user: string; password: string },
  database: string,
): Promise<Connection> {
  const connection = await createConnection({ ...address, ...credentials, database, connectTimeout: 500 });
  connection.on("error", () => undefined);
  return connection;
}
