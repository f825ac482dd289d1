import type { Outcome, Warning } from "./engine/outcome.ts";
import type { Session } from "./engine/session.ts";
import type { SqlValue } from "./sql/values.ts";

/** The connection ended before the answer came: whether the statement was carried out is not known. */
export class ConnectionCut extends Error {
  override readonly name = "ConnectionCut";
}

/** A client's connection within this process: statements without the MySQL protocol, one after the other. */
export class DirectConnection {
  readonly id: number;
  readonly #session: Session;
  readonly #thawed: () => Promise<void>;
  readonly #onClosed: () => void;
  readonly #ended = new AbortController();
  #queue: Promise<unknown> = Promise.resolve();
  running: string | null = null;

  constructor(session: Session, options: { readonly thawed: () => Promise<void>; readonly closed: () => void }) {
    this.id = session.id;
    this.#session = session;
    this.#thawed = options.thawed;
    this.#onClosed = options.closed;
  }

  get database(): string | undefined {
    return this.#session.database;
  }

  /** Aborted once the connection has ended, from either side. */
  get ended(): AbortSignal {
    return this.#ended.signal;
  }

  /** Rejects with the server's SqlError, or with ConnectionCut. A frozen server answers late. */
  execute(
    sql: string,
    parameters: readonly SqlValue[] = [],
  ): Promise<{ readonly outcome: Outcome; readonly warnings: readonly Warning[] }> {
    const answered = this.#queue.then(() => this.#answer(sql, parameters));
    this.#queue = answered.catch(() => undefined);
    return this.#unlessCut(answered);
  }

  /** Ends it at once, from whichever side. Safe to call twice. */
  close(): void {
    if (this.#ended.signal.aborted) return;
    this.#ended.abort(new ConnectionCut("Connection lost: The server closed the connection."));
    this.#onClosed();
  }

  async #answer(sql: string, parameters: readonly SqlValue[]) {
    await this.#thawed();
    this.#ended.signal.throwIfAborted();
    this.running = sql;
    try {
      const outcome = await this.#session.execute(sql, parameters, this.#ended.signal);
      const { warnings } = this.#session;
      await this.#thawed();
      return { outcome, warnings };
    } finally {
      this.running = null;
    }
  }

  async #unlessCut<T>(answered: Promise<T>): Promise<T> {
    const { signal } = this.#ended;
    const { promise, reject } = Promise.withResolvers<never>();
    const onCut = () => reject(signal.reason);
    signal.addEventListener("abort", onCut, { once: true });
    if (signal.aborted) onCut();
    try {
      return await Promise.race([answered, promise]);
    } finally {
      signal.removeEventListener("abort", onCut);
    }
  }
}
