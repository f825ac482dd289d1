import { ConnectionCut, type DirectConnection } from "../../../sandbox/dolt/direct-connection.ts";
import type { Warning } from "../../../sandbox/dolt/engine/outcome.ts";
import type { SimulatedDolt } from "../../../sandbox/dolt/server.ts";
import { type Column, SqlError, type SqlValue } from "../../../sandbox/dolt/sql/values.ts";
import { bounded } from "../../../src/adapters/dolt/bounded.ts";
import { connectFailure } from "../../../src/adapters/dolt/failures.ts";
import { MysqlDoltSession } from "../../../src/adapters/dolt/session.ts";
import { type DoltAddress, DoltError, type DoltServers, type DoltSession } from "../../../src/ports/dolt-servers.ts";
import type { Random } from "../random.ts";
import type { SimulatedKubelet } from "./kubelet.ts";
import type { VirtualTime } from "./virtual-time.ts";

export interface SqlAnswer {
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  readonly warnings: readonly Warning[];
}

/** The network between clients and servers: each way takes a moment, and whoever is on it can be cut off. */
export class SqlNetwork {
  readonly #kubelet: SimulatedKubelet;
  readonly #time: VirtualTime;
  readonly #random: Random;
  readonly #open = new Set<SqlConnection>();

  constructor(kubelet: SimulatedKubelet, time: VirtualTime, random: Random) {
    this.#kubelet = kubelet;
    this.#time = time;
    this.#random = random;
  }

  /** Rejects with the server's SqlError, or with an Error where nobody listens. @param client for whom it can be cut */
  async connect(ip: string, login: { user: string; password: string }, client: string): Promise<SqlConnection> {
    await this.pass();
    const server = this.#kubelet.serverAt(ip);
    if (server === null) throw new Error(`connect ECONNREFUSED ${ip}:3306`);
    const direct = await server.connect(login);
    await this.pass();
    const connection: SqlConnection = new SqlConnection(direct, server, client, this, () =>
      this.#open.delete(connection),
    );
    this.#open.add(connection);
    return connection;
  }

  /** Cuts connections to a server: what runs on them may have been done, and nobody hears. */
  cut(server: string, ofClient: (client: string) => boolean): void {
    for (const connection of [...this.#open]) {
      if (connection.server.name === server && ofClient(connection.client)) connection.close();
    }
  }

  /** As the kernel does when a process is killed. */
  cutAllOf(client: string): void {
    for (const connection of [...this.#open]) if (connection.client === client) connection.close();
  }

  pass(): Promise<void> {
    return this.#time.sleep(this.#random.int(0, 3));
  }
}

/** One client's connection to one server. */
export class SqlConnection {
  readonly server: SimulatedDolt;
  readonly client: string;
  readonly #direct: DirectConnection;
  readonly #network: SqlNetwork;
  readonly #onClosed: () => void;

  constructor(
    direct: DirectConnection,
    server: SimulatedDolt,
    client: string,
    network: SqlNetwork,
    onClosed: () => void,
  ) {
    this.#direct = direct;
    this.server = server;
    this.client = client;
    this.#network = network;
    this.#onClosed = onClosed;
  }

  /** Rejects with the server's SqlError, or with ConnectionCut: then whether it was done is not known. */
  async query(sql: string, parameters: readonly SqlValue[] = []): Promise<SqlAnswer> {
    const { ended } = this.#direct;
    await this.#network.pass();
    ended.throwIfAborted();
    const { outcome, warnings } = await this.#direct.execute(sql, parameters);
    await this.#network.pass();
    ended.throwIfAborted();
    if (!("rows" in outcome)) return { rows: [], warnings };
    const { columns, rows } = outcome.rows;
    return { rows: rows.map((row) => asObject(columns, row)), warnings };
  }

  close(): void {
    this.#onClosed();
    this.#direct.close();
  }
}

/** The project's own sessions, on connections of the simulated network. */
export class SimulatedDoltServers implements DoltServers {
  readonly #network: SqlNetwork;
  readonly #client: string;

  constructor(network: SqlNetwork, client: string) {
    this.#network = network;
    this.#client = client;
  }

  async connect(address: DoltAddress, options: { deadlineMs: number; signal: AbortSignal }): Promise<DoltSession> {
    if (options.signal.aborted) throw new DoltError("unreachable", "cancelled before connecting");
    const login = { user: address.username, password: address.password };
    const connecting = this.#network.connect(address.host, login, this.#client);
    try {
      const connection = await bounded(connecting, options, (why) => new DoltError("unreachable", why));
      return new MysqlDoltSession(asMysql(connection));
    } catch (error) {
      void connecting.then(
        (late) => late.close(),
        () => undefined,
      );
      throw error instanceof DoltError ? error : connectFailure(asMysqlError(error));
    }
  }
}

/** What the project's session needs of a mysql2 connection. */
function asMysql(connection: SqlConnection): ConstructorParameters<typeof MysqlDoltSession>[0] {
  return {
    query({ sql }, answered) {
      connection.query(sql).then(
        ({ rows }) => answered(null, rows),
        (error: unknown) => answered(asMysqlError(error), undefined),
      );
    },
    on: () => undefined,
    destroy: () => connection.close(),
  };
}

/** As mysql2 hands errors over: those of the server have a number. */
function asMysqlError(error: unknown): Error {
  if (error instanceof SqlError) {
    return Object.assign(new Error(error.message), { errno: error.code, sqlMessage: error.message });
  }
  if (error instanceof ConnectionCut)
    return Object.assign(new Error(error.message), { code: "PROTOCOL_CONNECTION_LOST" });
  return error instanceof Error ? error : new Error(String(error));
}

function asObject(columns: readonly Column[], row: readonly SqlValue[]): Record<string, unknown> {
  return Object.fromEntries(columns.map((column, index) => [column.name, shown(column, row[index] ?? null)]));
}

function shown({ type }: Column, value: SqlValue): unknown {
  if (value === null) return null;
  if (type === "datetime") return new Date(`${String(value).replace(" ", "T")}Z`);
  return type === "text" || type === "null" ? String(value) : Number(value);
}
