import { createServer, type Server, type Socket } from "node:net";
import type { Clock } from "../../src/ports/clock.ts";
import type { ServerConfig } from "./cluster/config.ts";
import { ClusterController } from "./cluster/controller.ts";
import type { Standing } from "./cluster/messages.ts";
import { DirectConnection } from "./direct-connection.ts";
import { findAccount, firstAccounts } from "./engine/accounts.ts";
import { Instance } from "./engine/instance.ts";
import { Session } from "./engine/session.ts";
import type { Volume } from "./engine/volume.ts";
import { Gate } from "./gate.ts";
import type { Endpoint, ReplicationNetwork } from "./network.ts";
import { passwordVerifier, tokenProvesPassword } from "./protocol/handshake.ts";
import { type OfferedTls, SqlConnection } from "./protocol/sql-connection.ts";
import { SqlError } from "./sql/values.ts";

const UNAUTHENTICATED = "failed to commit chunks on destDB: rpc error: code = Unauthenticated desc = unauthenticated";

export interface SimulatedDoltOptions {
  /** The server's name on the network; faults are laid on it by this name. */
  readonly name: string;
  readonly config: ServerConfig;
  readonly volume: Volume;
  readonly network: ReplicationNetwork;
  readonly clock: Clock;
  /** Where it listens for SQL, when not where the configuration says. Port 0 takes a free one. */
  readonly host?: string;
  readonly port?: number;
  /** Whether a host of a replication URL means this server. Defaults to its own address. */
  readonly answersTo?: (host: string) => boolean;
  /** `DOLT_ROOT_HOST` and `DOLT_ROOT_PASSWORD`: they count only on a volume that has never been used. */
  readonly rootHost?: string;
  readonly rootPassword?: string;
  /** Default: none is offered. */
  readonly tls?: OfferedTls;
  /** Without a port of its own: it is reached by `connect` only, and nothing of it waits for a socket. Default false. */
  readonly withoutPort?: boolean;
}

export interface SimulatedDolt {
  readonly name: string;
  readonly address: { readonly host: string; readonly port: number };
  readonly volume: Volume;
  /** What it is now, as the server itself would say. */
  readonly standing: Standing | undefined;
  /** Stops everything it does, connections left open, as SIGSTOP does. */
  freeze(): void;
  thaw(): void;
  /** Resolves when it is not frozen. */
  thawed(): Promise<void>;
  /** A connection within this process. Rejects as a login does, late while it is frozen; see `DirectConnection`. */
  connect(login: { readonly user: string; readonly password: string }): Promise<DirectConnection>;
  /** Whether it would answer a query: false when it has ended, or is still frozen when `signal` aborts. */
  answers(signal: AbortSignal): Promise<boolean>;
  /** Ends it at once, as SIGKILL does; what is on the volume stays. Resolves when its port is free. Safe to call twice. */
  kill(): Promise<void>;
  /** Resolves when it has ended by itself, because its disk is full. */
  readonly crashed: Promise<void>;
}

/** A server cannot start on a full disk. */
export class DiskFullError extends Error {
  override readonly name = "DiskFullError";
}

/** Starts one simulated server. Rejects when its port is taken, and with a DiskFullError when its disk is full. */
export async function startSimulatedDolt(options: SimulatedDoltOptions): Promise<SimulatedDolt> {
  if (options.volume.full) throw new DiskFullError(`${options.name} cannot start: no space left on device`);
  const server = new RunningServer(options);
  await server.listen();
  return server;
}

class RunningServer implements SimulatedDolt, Endpoint {
  readonly name: string;
  readonly volume: Volume;
  readonly #options: SimulatedDoltOptions;
  readonly #instance: Instance;
  readonly #gate = new Gate();
  readonly #life = new AbortController();
  readonly #connections = new Map<number, ServedConnection>();
  readonly #server: Server;
  #address = { host: "", port: 0 };
  #nextConnection = 1;
  #closed: Promise<void> | undefined;
  readonly #crash = Promise.withResolvers<void>();

  constructor(options: SimulatedDoltOptions) {
    const { config, volume, clock, network, name } = options;
    this.name = name;
    this.volume = volume;
    this.#options = options;
    if (volume.accounts === undefined) {
      volume.accounts = firstAccounts(options.rootHost ?? "localhost", passwordVerifier(options.rootPassword ?? ""));
    }
    const life = { signal: this.#life.signal, thawed: () => this.#gate.passed() };
    const controller =
      config.cluster &&
      new ClusterController({
        config: config.cluster,
        volume,
        clock,
        life,
        transport: network.transportOf(name),
        killConnections: (except) => this.#killConnections(except),
      });
    this.#instance = new Instance(volume, clock, controller, network.backups, () => this.#endByItself());
    this.#server = createServer((socket) => this.#accept(socket));
  }

  get address() {
    return this.#address;
  }

  get standing(): Standing | undefined {
    return this.#instance.controller?.standing;
  }

  get crashed(): Promise<void> {
    return this.#crash.promise;
  }

  async listen(): Promise<void> {
    if (this.#options.withoutPort !== true) await this.#listenForSql();
    if (this.#options.config.cluster !== undefined) this.#options.network.join(this.name, this);
    this.#instance.controller?.start();
  }

  async #listenForSql(): Promise<void> {
    const host = this.#options.host ?? this.#options.config.host;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#server.once("error", reject);
    this.#server.listen(this.#options.port ?? this.#options.config.port, host, () => resolve());
    await promise;
    const address = this.#server.address();
    this.#address = { host, port: typeof address === "object" && address !== null ? address.port : 0 };
  }

  async connect(login: { readonly user: string; readonly password: string }): Promise<DirectConnection> {
    await this.#gate.passed();
    if (this.#life.signal.aborted) throw new Error("connect ECONNREFUSED");
    const account = findAccount(this.volume.accounts ?? { users: [], grants: [] }, login.user, CLIENT_HOST);
    if (account === undefined || account.verifier !== passwordVerifier(login.password)) throw accessDenied(login.user);
    const id = this.#nextConnection;
    this.#nextConnection += 1;
    const session = new Session(this.#instance, id, login.user, account.host);
    const connection = new DirectConnection(session, {
      thawed: () => this.#gate.passed(),
      closed: () => this.#forget(id),
    });
    this.#connections.set(id, connection);
    this.#opened(connection, session);
    return connection;
  }

  answersTo(host: string, port: number): boolean {
    if (port !== this.#options.config.cluster?.remotesApiPort) return false;
    return this.#options.answersTo?.(host) ?? host === this.#address.host;
  }

  async receive(...[from, request, sender]: Parameters<Endpoint["receive"]>) {
    await this.#gate.passed();
    const { controller } = this.#instance;
    if (this.#life.signal.aborted || controller === undefined)
      throw new Error("rpc error: code = Unavailable desc = error reading from server: EOF");
    // The sender's role is acted on before its token is looked at, as the real server does.
    return controller.receive(from, request, (accepted) => {
      if (!this.#knows(sender)) throw new Error(UNAUTHENTICATED);
      this.#instance.apply(accepted);
    });
  }

  /** A token's keys are fetched from the servers that the own configuration names, and from no other. */
  #knows(sender: Endpoint | undefined): boolean {
    return (this.#options.config.cluster?.remotes ?? []).some(({ urlTemplate }) => {
      const { hostname, port } = new URL(urlTemplate);
      return sender?.answersTo(hostname, Number(port)) ?? false;
    });
  }

  freeze(): void {
    this.#gate.close();
  }

  thaw(): void {
    this.#gate.open();
  }

  thawed(): Promise<void> {
    return this.#gate.passed();
  }

  async answers(signal: AbortSignal): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<false>();
    const stop = () => resolve(false);
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) stop();
    try {
      return await Promise.race([this.#gate.passed().then(() => !this.#life.signal.aborted), promise]);
    } finally {
      signal.removeEventListener("abort", stop);
    }
  }

  async kill(): Promise<void> {
    this.#closed ??= this.#end();
    await this.#closed;
  }

  #endByItself(): void {
    void this.kill().then(() => this.#crash.resolve());
  }

  async #end(): Promise<void> {
    this.#life.abort();
    this.#options.network.leave(this.name, this);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    this.#killConnections(undefined);
    // Whatever waited for the thaw has to see that there is no process any more.
    this.#gate.open();
    await promise;
  }

  #accept(socket: Socket): void {
    const id = this.#nextConnection;
    this.#nextConnection += 1;
    const clientHost = socket.remoteAddress ?? "";
    const connection = new SqlConnection({
      socket,
      id,
      authentication: { login: (user, token, scramble) => this.#login(id, user, clientHost, token, scramble) },
      thawed: () => this.#gate.passed(),
      opened: (opened, session) => this.#opened(opened, session),
      closed: (closed) => this.#forget(closed.id),
      tls: this.#options.tls ?? null,
    });
    this.#connections.set(id, connection);
    void connection.serve();
  }

  #forget(id: number): void {
    this.#connections.delete(id);
    this.#instance.connections.delete(id);
  }

  #login(id: number, user: string, clientHost: string, token: Buffer, scramble: Buffer): Session | SqlError {
    const account = findAccount(this.volume.accounts ?? { users: [], grants: [] }, user, clientHost);
    if (account === undefined || !tokenProvesPassword(token, scramble, account.verifier)) {
      return accessDenied(user);
    }
    return new Session(this.#instance, id, user, account.host);
  }

  #opened(connection: ServedConnection, session: Session): void {
    this.#instance.connections.set(connection.id, {
      id: connection.id,
      user: session.user,
      host: session.host,
      get database() {
        return connection.database;
      },
      get running() {
        return connection.running;
      },
      close: () => connection.close(),
    });
  }

  #killConnections(except: number | undefined): void {
    for (const connection of [...this.#connections.values()]) if (connection.id !== except) connection.close();
  }
}

/** What the server sees of a connection, whichever way it came. */
interface ServedConnection {
  readonly id: number;
  readonly database: string | undefined;
  readonly running: string | null;
  close(): void;
}

/** Where connections of this process come from, for accounts that are bound to a host. */
const CLIENT_HOST = "127.0.0.1";

function accessDenied(user: string): SqlError {
  return new SqlError(`Access denied for user '${user}'`, 1045, "28000");
}
