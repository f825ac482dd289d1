import { setTimeout as sleep } from "node:timers/promises";
import { type Connection, createConnection, type RowDataPacket } from "mysql2/promise";
import type { Credentials, DatabaseOfTarget, Endpoint } from "./database-of-target.ts";

/** Between two writes of a healthy application. Gaps are told to about this much. */
const writeEveryMs = 20;
/** Before the primary is looked for again. */
const lookAgainAfterMs = 5;
/** A write without an answer for so long is given up, as an application would. */
const answerDeadlineMs = 1_000;
/** A gap without a change of the primary is told from this length. */
const gapToldFromMs = 500;
/** So long without an acknowledgement is told while it lasts. */
const silenceToldAfterMs = 3_000;

export interface WriterOptions {
  readonly target: string;
  readonly database: string;
  readonly cluster: DatabaseOfTarget;
  /** Told one line at a time what a person wants to know. */
  readonly tell: (line: string) => void;
}

/**
 * An application that counts up in one row, all the time, on whichever pod is labelled primary. When that has become another
 * one, it tells for how long nothing was acknowledged, and whether the new primary has the last acknowledged count.
 */
export class Writer {
  readonly #options: WriterOptions;
  readonly #stop = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #credentials: Credentials | null = null;
  #connection: Connection | null = null;
  #connectedTo: Endpoint | null = null;
  #lastPod: string | null = null;
  #lastCount = 0;
  #lastAcknowledgedMs = performance.now();
  #silenceTold = false;

  private constructor(options: WriterOptions) {
    this.#options = options;
  }

  static start(options: WriterOptions): Writer {
    const writer = new Writer(options);
    writer.#running = writer.#run();
    return writer;
  }

  async close(): Promise<void> {
    this.#stop.abort();
    this.#connection?.destroy();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      try {
        await this.#write(await this.#connected());
        await this.#pause(writeEveryMs);
      } catch (error) {
        this.#connection?.destroy();
        this.#connection = null;
        this.#tellSilence(error);
        await this.#pause(lookAgainAfterMs);
      }
    }
    this.#connection?.destroy();
  }

  /** A connection to the pod labelled primary; while two are, to the one that has not just failed. */
  async #connected(): Promise<Connection> {
    if (this.#connection !== null) return this.#connection;
    const { cluster, database } = this.#options;
    const primaries = await cluster.primaries(this.#stop.signal);
    const endpoint = primaries.find(({ pod }) => pod !== this.#connectedTo?.pod) ?? primaries[0];
    if (endpoint === undefined) throw new Error("no pod is labelled primary");
    this.#connectedTo = endpoint;
    const { host, port } = endpoint;
    this.#credentials ??= await cluster.credentials(this.#stop.signal);
    this.#connection = await createConnection({
      ...this.#credentials,
      host,
      port,
      database,
      connectTimeout: answerDeadlineMs,
    });
    // The write under way fails too, and says why.
    this.#connection.on("error", () => undefined);
    return this.#connection;
  }

  async #write(connection: Connection): Promise<void> {
    const pod = this.#connectedTo?.pod ?? null;
    const isNew = pod !== this.#lastPod;
    const found = isNew && this.#lastPod !== null ? await this.#countOn(connection) : this.#lastCount;
    await connection.query({
      sql: "REPLACE INTO t VALUES (1, ?)",
      values: [`${this.#lastCount + 1}`],
      timeout: answerDeadlineMs,
    });
    const nowMs = performance.now();
    const gapMs = nowMs - this.#lastAcknowledgedMs;
    if (isNew && this.#lastPod !== null) this.#tellSwitch(pod, gapMs, found);
    else if (gapMs >= gapToldFromMs)
      this.#tell(`${pod} acknowledges writes again; none was for ${Math.round(gapMs)} ms`);
    this.#silenceTold = false;
    this.#lastPod = pod;
    this.#lastCount += 1;
    this.#lastAcknowledgedMs = nowMs;
  }

  async #countOn(connection: Connection): Promise<number> {
    const sql = "SELECT v FROM t WHERE id = 1";
    const [rows] = await connection.query<RowDataPacket[]>({ sql, timeout: answerDeadlineMs });
    return Number(rows[0]?.v ?? 0);
  }

  #tellSwitch(pod: string | null, gapMs: number, found: number): void {
    const kept =
      found >= this.#lastCount
        ? `the last of ${this.#lastCount} acknowledged writes is there`
        : `the last ${this.#lastCount - found} of ${this.#lastCount} acknowledged writes are LOST`;
    this.#tell(
      `writes went from ${this.#lastPod} to ${pod}; none was acknowledged for ${Math.round(gapMs)} ms; ${kept}`,
    );
  }

  #tellSilence(error: unknown): void {
    const silentMs = performance.now() - this.#lastAcknowledgedMs;
    if (this.#silenceTold || silentMs < silenceToldAfterMs) return;
    this.#silenceTold = true;
    const why = error instanceof Error ? error.message : String(error);
    this.#tell(`no write was acknowledged for ${Math.round(silentMs / 1_000)} s (${why})`);
  }

  #tell(line: string): void {
    if (!this.#stop.signal.aborted) this.#options.tell(`${this.#options.target}: ${line}`);
  }

  async #pause(ms: number): Promise<void> {
    // An abort only ends the pause early.
    await sleep(ms, undefined, { signal: this.#stop.signal }).catch(() => undefined);
  }
}
