import { type Connection, createConnection } from "mysql2";
import type { CallOptions, DoltAddress, DoltServers, DoltSession } from "../../ports/dolt-servers.ts";
import { DoltError } from "../../ports/dolt-servers.ts";
import { bounded } from "./bounded.ts";
import { connectFailure } from "./failures.ts";
import { MysqlDoltSession } from "./session.ts";
import { dial, misnamed, nameThatFits, sslOptions } from "./tls.ts";

/** Dolt servers over the MySQL protocol, over TLS where the address says so. */
export class MysqlDoltServers implements DoltServers {
  /** By host and port, which of its names a server's certificate turned out to be for: asked first the next time. */
  readonly #names = new Map<string, string>();

  async connect(address: DoltAddress, options: CallOptions): Promise<DoltSession> {
    const names: readonly string[] = address.tls?.mode === "verified" ? address.tls.names : [address.host];
    const key = `${address.host}:${address.port}`;
    const known = this.#names.get(key) ?? "";
    const first = names.includes(known) ? known : (names[0] ?? address.host);
    const startedMs = performance.now();
    try {
      return await this.#connectAs(first, address, options);
    } catch (error) {
      // A check is made against one name, and which of the server's names its certificate has shows only by failing.
      const certificate = misnamed(error instanceof DoltError ? error.cause : null);
      const other = certificate === null ? null : nameThatFits(certificate, names);
      if (other === null || other === first) throw error;
      const deadlineMs = Math.max(1, options.deadlineMs - (performance.now() - startedMs));
      const session = await this.#connectAs(other, address, { ...options, deadlineMs });
      this.#names.set(key, other);
      return session;
    }
  }

  async #connectAs(name: string, address: DoltAddress, options: CallOptions): Promise<DoltSession> {
    if (options.signal.aborted) throw new DoltError("unreachable", "cancelled before connecting");
    const connection = open(name, address, options.deadlineMs);
    const connected = Promise.withResolvers<void>();
    // Errors are listened to from the start: one that nobody hears would end the process.
    connection.on("error", (error: Error) => connected.reject(connectFailure(error, address.tls)));
    connection.connect((error) => {
      if (error === null) connected.resolve();
      else connected.reject(connectFailure(error, address.tls));
    });
    try {
      await bounded(connected.promise, options, (why) => new DoltError("unreachable", why));
    } catch (error) {
      connection.destroy();
      throw error;
    }
    return new MysqlDoltSession(connection);
  }
}

function open(name: string, address: DoltAddress, deadlineMs: number): Connection {
  const { host, port, tls } = address;
  const way = tls ? { host: name, port, ssl: sslOptions(tls), stream: () => dial(address, name) } : { host, port };
  return createConnection({
    ...way,
    user: address.username,
    password: address.password,
    connectTimeout: deadlineMs,
    multipleStatements: false,
    // `last_update` is a DATETIME in the server's zone; read as UTC, only differences of it mean something.
    timezone: "Z",
    supportBigNumbers: true,
  });
}
