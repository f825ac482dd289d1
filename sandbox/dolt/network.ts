import type { Clock } from "../../src/ports/clock.ts";
import type { ReplicationAnswer, ReplicationRequest, ReplicationTransport, Standing } from "./cluster/messages.ts";
import type { DatabaseState } from "./engine/database.ts";

/** A server that others replicate to. */
export interface Endpoint {
  /** Whether a URL's host and port mean this server. */
  answersTo(host: string, port: number): boolean;
  /** Takes one request; resolves late while the server is frozen. Rejects when it has ended. `sender`: who sends, while it is there. */
  receive(from: Standing, request: ReplicationRequest, sender: Endpoint | undefined): Promise<ReplicationAnswer>;
}

/** How long a healthy push takes: enough that lag under load is not always 0, as it never is on real servers. */
const DEFAULT_LATENCY_MS = 2;

/** The network over which simulated servers replicate, with the faults that can be laid on it. Servers are known by name. */
export class ReplicationNetwork {
  readonly #clock: Clock;
  readonly #endpoints = new Map<string, Endpoint>();
  readonly #cut = new Set<string>();
  readonly #delays = new Map<string, number>();
  readonly #latencyMs: number;
  /** Backups by their URL, which every server reaches. */
  readonly backups = new Map<string, DatabaseState>();

  constructor(clock: Clock, latencyMs: number = DEFAULT_LATENCY_MS) {
    this.#clock = clock;
    this.#latencyMs = latencyMs;
  }

  join(name: string, endpoint: Endpoint): void {
    this.#endpoints.set(name, endpoint);
  }

  leave(name: string, endpoint: Endpoint): void {
    if (this.#endpoints.get(name) === endpoint) this.#endpoints.delete(name);
  }

  /** Cuts two servers off from one another, both ways. */
  partition(a: string, b: string): void {
    this.#cut.add(pair(a, b));
  }

  /** Ends the partition of two servers. */
  rejoin(a: string, b: string): void {
    this.#cut.delete(pair(a, b));
  }

  /** Delays what `from` sends to `to`; 0 ends it. */
  slow(from: string, to: string, delayMs: number): void {
    if (delayMs === 0) this.#delays.delete(link(from, to));
    else this.#delays.set(link(from, to), delayMs);
  }

  /** Ends every partition and delay that touches one of the servers, or all of them when none is named. */
  heal(names?: readonly string[]): void {
    const touched = (key: string) => names === undefined || key.split("\n").some((name) => names.includes(name));
    for (const key of [...this.#cut]) if (touched(key)) this.#cut.delete(key);
    for (const key of [...this.#delays.keys()]) if (touched(key)) this.#delays.delete(key);
  }

  /** The network as the server `name` sees it. */
  transportOf(name: string): ReplicationTransport {
    return { call: (url, from, request, signal) => this.#call(name, url, from, request, signal) };
  }

  async #call(
    sender: string,
    url: string,
    from: Standing,
    request: ReplicationRequest,
    signal: AbortSignal,
  ): Promise<ReplicationAnswer> {
    const { hostname, port, host } = new URL(url);
    const unreachable = () =>
      new Error(
        `rpc error: code = Unavailable desc = connection error: desc = "transport: Error while dialing: dial tcp ${host}: connect: connection refused"`,
      );
    const find = () => {
      for (const [name, endpoint] of this.#endpoints) {
        if (endpoint.answersTo(hostname, Number(port)))
          return this.#cut.has(pair(sender, name)) ? null : { name, endpoint };
      }
      return null;
    };
    const target = find();
    if (target === null) throw unreachable();
    await this.#clock.sleep(this.#latencyMs + (this.#delays.get(link(sender, target.name)) ?? 0), signal);
    // The link may have been cut, or the server may have ended, while the request was on its way.
    if (find()?.endpoint !== target.endpoint) throw unreachable();
    return await answeredBefore(signal, target.endpoint.receive(from, request, this.#endpoints.get(sender)));
  }
}

async function answeredBefore(signal: AbortSignal, answer: Promise<ReplicationAnswer>): Promise<ReplicationAnswer> {
  const { promise, reject } = Promise.withResolvers<never>();
  const abandon = () => reject(signal.reason);
  signal.addEventListener("abort", abandon, { once: true });
  try {
    return await Promise.race([answer, promise]);
  } finally {
    signal.removeEventListener("abort", abandon);
  }
}

const link = (from: string, to: string) => `${from}\n${to}`;
const pair = (a: string, b: string) => (a < b ? link(a, b) : link(b, a));
