import { Client, Pool } from "undici";
import { type CrateAccess, type CrateAddress, CrateError } from "../../ports/crate-servers.ts";
import { type CrateResult, resultOf } from "./answer.ts";
import { tlsFailure, tlsOptions } from "./tls.ts";

/** More than `sys.shards` of tens of thousands of shards; an endless answer is cut. */
const mostBytes = 256 * 1024 * 1024;

/** A connection within a cluster's network stands in milliseconds; a node that does not answer that is gone. */
const connectMs = 2000;

/** For how long an idle connection is kept: as long as one operation asks again and again. */
const keepAliveMs = 10_000;

/** An idle connection that the node closed while a question was on its way: it was asked on a dead line. */
const closedCodes: ReadonlySet<string> = new Set(["UND_ERR_SOCKET", "ECONNRESET", "EPIPE"]);

/** How many questions of one process a node is asked at once. */
const connections = 4;

/**
 * One node's endpoint. Questions share connections; what changes something has one of its own, so that a dead one is
 * noticed before anything is asked.
 */
export class NodeConnection {
  readonly address: CrateAddress;
  readonly #access: CrateAccess;
  readonly #origin: string;
  #pool: Pool | null = null;
  readonly #open = new Set<Pool | Client>();

  constructor(address: CrateAddress, access: CrateAccess) {
    this.address = address;
    this.#access = access;
    const host = address.host.includes(":") ? `[${address.host}]` : address.host;
    this.#origin = `${access.tls === null ? "http" : "https"}://${host}:${address.port}`;
  }

  /** Asks, on a connection that is open if there is one. Throws CrateError. */
  async ask(statement: string, limits: CallLimits): Promise<CrateResult> {
    const pool = this.#pool ?? this.#opened(new Pool(this.#origin, { ...this.#options(connectMs), connections }));
    this.#pool = pool;
    try {
      const wasAsked = (code: string | null) => pool.stats.connected > 0 || closedCodes.has(code ?? "");
      return await this.#post(pool, statement, { changes: false, wasAsked }, limits);
    } catch (error) {
      const wasClosed = error instanceof CrateError && closedCodes.has(codeOf(error.cause) ?? "");
      // A question can be asked twice.
      if (wasClosed) return await this.#once(statement, false, limits);
      throw error;
    }
  }

  /** Has something changed, once, on a connection of its own. Throws CrateError; `unreachable` only where nothing was sent. */
  change(statement: string, limits: CallLimits): Promise<CrateResult> {
    return this.#once(statement, true, limits);
  }

  /** Cuts every connection. */
  async close(): Promise<void> {
    await Promise.all([...this.#open].map((dispatcher) => this.#drop(dispatcher)));
  }

  async #once(statement: string, changes: boolean, limits: CallLimits): Promise<CrateResult> {
    const client = this.#opened(new Client(this.#origin, this.#options(Math.min(connectMs, limits.connectMs))));
    let isConnected = false;
    client.once("connect", () => {
      isConnected = true;
    });
    try {
      return await this.#post(client, statement, { changes, wasAsked: () => isConnected }, limits);
    } finally {
      await this.#drop(client);
    }
  }

  #options(timeout: number): Client.Options {
    return {
      connect: { ...tlsOptions(this.address, this.#access), timeout: Math.max(1, timeout) },
      keepAliveTimeout: keepAliveMs,
      maxResponseSize: mostBytes,
      // The caller's deadline holds for the whole.
      headersTimeout: 0,
      bodyTimeout: 0,
      allowH2: false,
    };
  }

  #opened<D extends Pool | Client>(dispatcher: D): D {
    this.#open.add(dispatcher);
    return dispatcher;
  }

  async #drop(dispatcher: Pool | Client): Promise<void> {
    this.#open.delete(dispatcher);
    if (this.#pool === dispatcher) this.#pool = null;
    await dispatcher.destroy();
  }

  async #post(
    dispatcher: Pool | Client,
    statement: string,
    { changes, wasAsked }: { readonly changes: boolean; readonly wasAsked: (code: string | null) => boolean },
    limits: CallLimits,
  ): Promise<CrateResult> {
    try {
      const { statusCode, body } = await dispatcher.request({
        method: "POST",
        path: "/_sql",
        headers: this.#headers(),
        body: JSON.stringify({ stmt: statement }),
        signal: limits.signal,
      });
      return resultOf(statusCode, await body.text(), changes);
    } catch (error) {
      if (error instanceof CrateError) throw error;
      throw failureOf(error, wasAsked(codeOf(error)), limits);
    }
  }

  #headers(): Record<string, string> {
    const { username, password } = this.#access;
    const login = Buffer.from(`${username}:${password}`).toString("base64");
    return { "content-type": "application/json", accept: "application/json", authorization: `Basic ${login}` };
  }
}

export interface CallLimits {
  /** Aborted at the end of this node's time, with the reason in words. */
  readonly signal: AbortSignal;
  /** For making a connection. */
  readonly connectMs: number;
}

/** Before a connection stands nothing was asked; after it, nobody knows. */
function failureOf(error: unknown, wasAsked: boolean, { signal }: CallLimits): CrateError {
  const outcome = wasAsked ? "unknown" : "unreachable";
  if (signal.aborted) return new CrateError(outcome, textOf(signal.reason), { cause: error });
  return tlsFailure(error, codeOf(error)) ?? new CrateError(outcome, textOf(error), { cause: error });
}

function codeOf(error: unknown): string | null {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : null;
}

function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // Node joins the failures of several addresses in an AggregateError that has no message of its own.
  if (error instanceof AggregateError && error.message === "") return error.errors.map(textOf).join("; ");
  return error.message;
}
