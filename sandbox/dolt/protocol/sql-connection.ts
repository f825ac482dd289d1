import type { Socket } from "node:net";
import { type SecureContext, TLSSocket } from "node:tls";
import type { Outcome } from "../engine/outcome.ts";
import type { Session } from "../engine/session.ts";
import { MYSQL_VERSION } from "../engine/variables.ts";
import { parseStatement } from "../sql/parser.ts";
import { SqlError, type SqlValue } from "../sql/values.ts";
import { PayloadReader } from "./bytes.ts";
import { framePayload, type Packet, PacketSplitter } from "./framing.ts";
import {
  authSwitchPayload,
  handshakePayload,
  isNativePassword,
  isTlsRequest,
  newScramble,
  parseHandshakeResponse,
} from "./handshake.ts";
import { readParameters } from "./parameters.ts";
import { errorPayload, okPayload, preparedPayloads, resultSetPayloads } from "./replies.ts";

/** Commands of the protocol that this server answers: https://dev.mysql.com/doc/dev/mysql-server/latest/my__command_8h.html */
const command = {
  quit: 1,
  initDb: 2,
  query: 3,
  ping: 14,
  prepare: 22,
  execute: 23,
  closeStatement: 25,
  reset: 31,
} as const;

export interface Authentication {
  /** The session of the account that this token proves, or the error to send. */
  login(user: string, token: Buffer, scramble: Buffer): Session | SqlError;
}

/** A certificate, and whether clients without TLS are sent away. */
export interface OfferedTls {
  readonly context: SecureContext;
  readonly isRequired: boolean;
}

export interface ConnectionOptions {
  readonly socket: Socket;
  readonly id: number;
  readonly authentication: Authentication;
  /** Resolves when the server's process is not frozen. */
  readonly thawed: () => Promise<void>;
  readonly opened: (connection: SqlConnection, session: Session) => void;
  /** Called once the socket is closed. */
  readonly closed: (connection: SqlConnection) => void;
  readonly tls: OfferedTls | null;
}

interface PreparedStatement {
  readonly sql: string;
  readonly parameterCount: number;
  types: readonly number[];
}

/** One client's connection: reads its packets one after another and answers each. */
export class SqlConnection {
  readonly id: number;
  readonly #options: ConnectionOptions;
  readonly #splitter = new PacketSplitter();
  readonly #inbox: Packet[] = [];
  readonly #ended = new AbortController();
  readonly #statements = new Map<number, PreparedStatement>();
  #arrived = Promise.withResolvers<void>();
  /** What is spoken over: the socket, or TLS on it. */
  #stream: Socket;
  #session: Session | undefined;
  #sequence = 0;
  #nextStatement = 1;
  running: string | null = null;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.id = options.id;
    const { socket } = options;
    this.#stream = socket;
    socket.setNoDelay(true);
    socket.on("data", (chunk: Buffer) => this.#receive(chunk));
    // The close that follows tells all there is to know.
    socket.on("error", () => undefined);
    socket.on("close", () => {
      this.#end();
      this.#options.closed(this);
    });
  }

  get database(): string | undefined {
    return this.#session?.database;
  }

  /** Ends the connection as a killed one ends: no packet, the socket closed, whether the client reads or not. */
  close(): void {
    this.#options.socket.destroy();
    this.#end();
  }

  /** Talks until the client leaves or the connection is closed; never rejects. */
  async serve(): Promise<void> {
    try {
      await this.#options.thawed();
      await this.#handshake();
      while (!this.#ended.signal.aborted) {
        const packet = await this.#next();
        if (packet === undefined || packet.payload[0] === command.quit) break;
        await this.#answer(packet.payload);
      }
    } catch (error) {
      // A packet that cannot be read leaves both sides out of step: there is nothing left to say.
      if (!(error instanceof RangeError)) this.#send(errorOf(error));
    } finally {
      // What was written last still goes out.
      this.#stream.destroySoon();
      this.#end();
    }
  }

  #receive(chunk: Buffer): void {
    this.#inbox.push(...this.#splitter.push(chunk));
    this.#arrived.resolve();
  }

  #end(): void {
    if (this.#ended.signal.aborted) return;
    this.#ended.abort();
    this.#arrived.resolve();
  }

  async #next(): Promise<Packet | undefined> {
    for (;;) {
      const packet = this.#inbox.shift();
      if (packet !== undefined) {
        await this.#options.thawed();
        if (this.#ended.signal.aborted) return undefined;
        this.#sequence = (packet.sequence + 1) & 0xff;
        return packet;
      }
      if (this.#ended.signal.aborted) return undefined;
      this.#arrived = Promise.withResolvers<void>();
      await this.#arrived.promise;
    }
  }

  async #handshake(): Promise<void> {
    const scramble = newScramble();
    this.#sequence = 0;
    const { tls } = this.#options;
    this.#send(handshakePayload(this.id, MYSQL_VERSION, scramble, tls !== null));
    let packet = await this.#next();
    if (packet === undefined) return;
    if (tls !== null && isTlsRequest(packet.payload)) {
      this.#startTls(tls.context);
      packet = await this.#next();
      if (packet === undefined) return;
    } else if (tls?.isRequired) throw new SqlError(tlsRequiredText, 1105);
    const login = parseHandshakeResponse(packet.payload);
    let { token } = login;
    if (!isNativePassword(login.plugin)) {
      this.#send(authSwitchPayload(scramble));
      const answer = await this.#next();
      if (answer === undefined) return;
      token = answer.payload;
    }
    const session = this.#options.authentication.login(login.user, token, scramble);
    if (session instanceof SqlError) throw session;
    if (login.database !== undefined) session.use(login.database);
    this.#session = session;
    this.#options.opened(this, session);
    this.#send(okPayload(0, 0, 0, session));
  }

  /** From here on both sides speak TLS; the client's first bytes of it may have come with its request. */
  #startTls(secureContext: SecureContext): void {
    const { socket } = this.#options;
    socket.removeAllListeners("data");
    socket.pause();
    socket.unshift(this.#splitter.takeRest());
    const secure = new TLSSocket(socket, { isServer: true, secureContext });
    secure.on("data", (chunk: Buffer) => this.#receive(chunk));
    secure.on("error", () => undefined);
    this.#stream = secure;
  }

  async #answer(payload: Buffer): Promise<void> {
    const session = this.#session;
    if (session === undefined) return;
    try {
      await this.#dispatch(session, payload);
    } catch (error) {
      if (error instanceof RangeError) throw error;
      this.#send(errorOf(error));
    } finally {
      this.running = null;
    }
  }

  async #dispatch(session: Session, payload: Buffer): Promise<void> {
    const body = payload.subarray(1);
    switch (payload[0]) {
      case command.query:
        return await this.#run(session, body.toString("utf8"), [], false);
      case command.initDb:
        session.use(body.toString("utf8"));
        return this.#send(okPayload(0, 0, 0, session));
      case command.ping:
        return this.#send(okPayload(0, 0, 0, session));
      case command.prepare:
        return this.#prepare(session, body.toString("utf8"));
      case command.execute:
        return await this.#executePrepared(session, body);
      case command.closeStatement:
        this.#statements.delete(new PayloadReader(body).uint(4));
        return;
      default:
        throw new SqlError("command handling not implemented yet", 1105);
    }
  }

  #prepare(session: Session, sql: string): void {
    const { parameterCount } = parseStatement(sql);
    const id = this.#nextStatement;
    this.#nextStatement += 1;
    this.#statements.set(id, { sql, parameterCount, types: [] });
    this.#send(...preparedPayloads(id, parameterCount, session));
  }

  async #executePrepared(session: Session, body: Buffer): Promise<void> {
    const reader = new PayloadReader(body);
    const prepared = this.#statements.get(reader.uint(4));
    if (prepared === undefined) throw new SqlError("Unknown prepared statement handler", 1243, "HY000");
    reader.skip(1 + 4);
    const { values, types } = readParameters(reader.rest(), prepared.parameterCount, prepared.types);
    prepared.types = types;
    await this.#run(session, prepared.sql, values, true);
  }

  async #run(session: Session, sql: string, parameters: readonly SqlValue[], binary: boolean): Promise<void> {
    this.running = sql;
    const outcome = await session.execute(sql, parameters, this.#ended.signal);
    await this.#options.thawed();
    this.#send(...outcomePayloads(session, outcome, binary));
  }

  #send(...payloads: readonly Buffer[]): void {
    if (this.#ended.signal.aborted) return;
    const frames = payloads.map((payload) => {
      const { bytes, nextSequence } = framePayload(payload, this.#sequence);
      this.#sequence = nextSequence;
      return bytes;
    });
    this.#stream.write(Buffer.concat(frames));
  }
}

/** What Dolt 2.2.3 says to a client without TLS where `require_secure_transport` is set. */
const tlsRequiredText =
  "unknown error: Code: UNAVAILABLE\nserver does not allow insecure connections, client must use SSL/TLS\n";

function outcomePayloads(session: Session, outcome: Outcome, binary: boolean): Buffer[] {
  const warnings = session.warnings.length;
  return "rows" in outcome
    ? resultSetPayloads(outcome.rows, binary, warnings, session)
    : [okPayload(outcome.affectedRows, 0, warnings, session)];
}

function errorOf(error: unknown): Buffer {
  if (error instanceof SqlError) return errorPayload(error.code, error.sqlState, error.message);
  return errorPayload(1105, "HY000", error instanceof Error ? error.message : String(error));
}
