import { CoreV1Api, KubeConfig, Watch } from "@kubernetes/client-node";
import { type Connection, createConnection, type RowDataPacket } from "mysql2/promise";
import { z } from "zod";

/** What writers saw: each acknowledged id, and the longest time between two acknowledgements of any writer. */
export interface WriteHistory {
  readonly acknowledged: readonly number[];
  /** Sent, and the connection went before the answer: each may be there or not. */
  readonly uncertain: readonly number[];
  readonly longestGapMs: number;
}

export interface WriterOptions {
  readonly kubeconfig: string;
  readonly namespace: string;
  readonly database: string;
  readonly writers: number;
  readonly credentials: { readonly user: string; readonly password: string };
  /** How long each writer rests after an acknowledgement; 0, the default: not at all, so that the servers are saturated. */
  readonly restMs?: number;
  /** The first id to write. Default 1. */
  readonly firstId?: number;
  /** Where to write now; null: nowhere is known. Given, it is asked instead of the label. */
  readonly endpoint?: () => { host: string; port: number } | null;
}

const podEventSchema = z.object({
  metadata: z.object({ name: z.string(), labels: z.record(z.string(), z.string()).optional() }),
  status: z.object({ podIP: z.string().optional() }).optional(),
});

/**
 * Applications that write all the time and follow the label `dolthub.com/cluster_role=primary` to the pod's address by a
 * watch, as a proxy would. Ids are unique over all writers, so that a lost or doubled row shows.
 */
export class Writers {
  readonly #options: WriterOptions;
  readonly #stop = new AbortController();
  readonly #watch = new AbortController();
  readonly #waiting = new Set<{ readonly count: number; readonly resolve: () => void }>();
  readonly #labelled = new Map<string, string>();
  readonly #acknowledged: number[] = [];
  readonly #uncertain: number[] = [];
  #lastAcknowledgedMs: number | null = null;
  #longestGapMs = 0;
  #nextId: number;
  #running: Promise<unknown> = Promise.resolve();

  private constructor(options: WriterOptions) {
    this.#options = options;
    this.#nextId = options.firstId ?? 1;
  }

  /** Starts writing, and returns once every writer has had its first acknowledgement. */
  static async start(options: WriterOptions): Promise<Writers> {
    const writers = new Writers(options);
    if (options.endpoint === undefined) await writers.#followLabel();
    const firsts = Array.from({ length: options.writers }, () => Promise.withResolvers<void>());
    writers.#running = Promise.all(firsts.map((first) => writers.#write(first.resolve)));
    await Promise.all(firsts.map((first) => first.promise));
    return writers;
  }

  /** How many writes have been acknowledged so far. */
  get count(): number {
    return this.#acknowledged.length;
  }

  /** Resolves once so many more writes have been acknowledged. */
  acknowledges(more: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.add({ count: this.count + more, resolve });
    return promise;
  }

  /** Forgets the gaps so far: what is measured next begins now. */
  resetGap(): void {
    this.#longestGapMs = 0;
  }

  get longestGapMs(): number {
    return this.#longestGapMs;
  }

  async stop(): Promise<WriteHistory> {
    this.#stop.abort();
    await this.#running;
    this.#watch.abort();
    return { acknowledged: this.#acknowledged, uncertain: this.#uncertain, longestGapMs: this.#longestGapMs };
  }

  async #followLabel(): Promise<void> {
    const kubeConfig = new KubeConfig();
    kubeConfig.loadFromString(this.#options.kubeconfig);
    const { namespace } = this.#options;
    const labelSelector = "dolthub.com/cluster_role=primary";
    const pods = await kubeConfig.makeApiClient(CoreV1Api).listNamespacedPod({ namespace, labelSelector });
    for (const pod of pods.items) this.#labelled.set(pod.metadata?.name ?? "", pod.status?.podIP ?? "");
    const started = await new Watch(kubeConfig).watch(
      `/api/v1/namespaces/${namespace}/pods`,
      { labelSelector, resourceVersion: pods.metadata?.resourceVersion ?? "" },
      (type, object: unknown) => this.#learn(type, object),
      () => undefined,
    );
    this.#watch.signal.addEventListener("abort", () => started.abort());
  }

  #learn(type: string, object: unknown): void {
    const pod = podEventSchema.safeParse(object);
    if (!pod.success) return;
    const { name } = pod.data.metadata;
    // The newest label is the one to follow: while two have it, the older primary is about to lose it.
    this.#labelled.delete(name);
    if (type !== "DELETED") this.#labelled.set(name, pod.data.status?.podIP ?? "");
  }

  #endpoint(): { host: string; port: number } | null {
    if (this.#options.endpoint !== undefined) return this.#options.endpoint();
    const newest = [...this.#labelled.values()].at(-1);
    return newest === undefined || newest === "" ? null : { host: newest, port: 3306 };
  }

  async #write(onFirst: () => void): Promise<void> {
    let connection: Connection | null = null;
    let connectedTo = "";
    while (!this.#stop.signal.aborted) {
      const endpoint = this.#endpoint();
      if (endpoint === null) {
        await beforeRetry();
        continue;
      }
      let id: number | null = null;
      try {
        const address = `${endpoint.host}:${endpoint.port}`;
        if (connection === null || connectedTo !== address) {
          connection?.destroy();
          connection = await this.#connect(endpoint);
          connectedTo = address;
        }
        id = this.#nextId;
        this.#nextId += 1;
        await connection.query("INSERT INTO t VALUES (?, 'w')", [id]);
        this.#acknowledge(id);
        onFirst();
        if (this.#options.restMs) await rest(this.#options.restMs);
      } catch (error) {
        if (id !== null && !isRefusal(error)) this.#uncertain.push(id);
        connection?.destroy();
        connection = null;
        await beforeRetry();
      }
    }
    connection?.destroy();
  }

  async #connect(endpoint: { host: string; port: number }): Promise<Connection> {
    const connection = await createConnection({
      ...endpoint,
      ...this.#options.credentials,
      database: this.#options.database,
      connectTimeout: 500,
    });
    connection.on("error", () => undefined);
    return connection;
  }

  #acknowledge(id: number): void {
    const nowMs = performance.now();
    if (this.#lastAcknowledgedMs !== null) {
      this.#longestGapMs = Math.max(this.#longestGapMs, nowMs - this.#lastAcknowledgedMs);
    }
    this.#lastAcknowledgedMs = nowMs;
    this.#acknowledged.push(id);
    for (const waiting of this.#waiting) {
      if (this.count < waiting.count) continue;
      this.#waiting.delete(waiting);
      waiting.resolve();
    }
  }
}

/** Which of these ids a server holds not. */
export async function missingIds(
  endpoint: { host: string; port: number },
  options: Pick<WriterOptions, "credentials" | "database">,
  ids: readonly number[],
): Promise<number[]> {
  const connection = await createConnection({ ...endpoint, ...options.credentials, database: options.database });
  try {
    const [rows] = await connection.query<RowDataPacket[]>("SELECT id FROM t");
    const held = new Set(rows.map((row) => Number(row.id)));
    return ids.filter((id) => !held.has(id));
  } finally {
    connection.destroy();
  }
}

/** The server answered no: the row is not there. A lost connection says nothing. */
function isRefusal(error: unknown): boolean {
  return error instanceof Error && "errno" in error && error.errno === 1105 && /read.only/.test(error.message);
}

/** As a client does: one that asks again without any pause would take the two cores from the servers it waits for. */
const retryAfterMs = 5;

function beforeRetry(): Promise<void> {
  return rest(retryAfterMs);
}

function rest(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs));
}
