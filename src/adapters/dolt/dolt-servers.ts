import { type Connection, createConnection } from "mysql2";
import type { CallOptions, DoltAddress, DoltServers, DoltSession } from "../../ports/dolt-servers.ts";
import { DoltError } from "../../ports/dolt-servers.ts";
import { bounded } from "./bounded.ts";
import { connectFailure } from "./failures.ts";
import { MysqlDoltSession } from "./session.ts";

/** Dolt servers over the MySQL protocol. */
export class MysqlDoltServers implements DoltServers {
  async connect(address: DoltAddress, options: CallOptions): Promise<DoltSession> {
    if (options.signal.aborted) throw new DoltError("unreachable", "cancelled before connecting");
    const connection = open(address, options.deadlineMs);
    const connected = Promise.withResolvers<void>();
    // Errors are listened to from the start: one that nobody hears would end the process.
    connection.on("error", (error: Error) => connected.reject(connectFailure(error)));
    connection.connect((error) => {
      if (error === null) connected.resolve();
      else connected.reject(connectFailure(error));
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

function open(address: DoltAddress, deadlineMs: number): Connection {
  return createConnection({
    host: address.host,
    port: address.port,
    user: address.username,
    password: address.password,
    connectTimeout: deadlineMs,
    multipleStatements: false,
    // `last_update` is a DATETIME in the server's zone; read as UTC, only differences of it mean something.
    timezone: "Z",
    supportBigNumbers: true,
  });
}
