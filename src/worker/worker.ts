import { problemOf } from "../domain/errors.ts";
import { type AnnouncedTarget, targetText } from "../domain/target.ts";
import { executeRequest } from "./execute-request.ts";
import { FreezeKeeper } from "./freeze-keeper.ts";
import { planRequest } from "./plan-request.ts";
import { Reconciler } from "./reconciler.ts";
import type { WorkerServices } from "./services.ts";

/** Between two heartbeats. The edge refuses when none was seen for 30 s. */
export const heartbeatEveryMs = 5_000;

/** The worker apart from its process: what it does with each wake-up, and what it does by itself. */
export class HandoverWorker {
  readonly #services: WorkerServices;
  readonly #freezes: FreezeKeeper;
  readonly #inHand = new Set<string>();
  #targets: readonly AnnouncedTarget[] | null = null;
  #stopping = false;

  constructor(services: WorkerServices) {
    this.#services = services;
    this.#freezes = new FreezeKeeper(services, () => this.#announce());
  }

  /** For a `plan` wake-up. What is wished frozen is, first: a wake-up for such a wish alone names no request. */
  plan(requestId: string, signal: AbortSignal): Promise<void> {
    return this.#once(`plan ${requestId}`, async () => {
      await this.#freezes.applyWishes(signal);
      await planRequest(this.#services, requestId, signal);
    });
  }

  /** For an `execute` wake-up. */
  execute(requestId: string, signal: AbortSignal): Promise<void> {
    return this.#once(`execute ${requestId}`, async () => {
      await this.#freezes.applyWishes(signal);
      await executeRequest(this.#services, requestId, signal);
    });
  }

  /** Beats and reconciles until `signal`, then says that it takes nothing more, and waits for what it has begun. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([new Reconciler(this.#services, this.#freezes).run(signal), this.#beat(signal)]);
  }

  /** What discovery has found; told to the edge at once, and with each heartbeat. */
  async sees(targets: readonly AnnouncedTarget[]): Promise<void> {
    this.#targets = targets;
    await this.#announce();
    this.#services.log.info({ targets: targets.map(targetText) }, "targets seen");
  }

  /** Tells the edge that this worker lives and which targets it sees. Before it has looked, it has nothing to tell. */
  async #announce(): Promise<void> {
    if (this.#targets === null) return;
    const { announcements, workerId, cluster, version, operations, log } = this.#services;
    const names = operations.map((operation) => operation.name);
    const stopping = this.#stopping;
    try {
      const freezes = this.#freezes.seen;
      const targets = this.#targets;
      await announcements.announce({ workerId, cluster, version, operations: names, targets, freezes, stopping });
    } catch (error) {
      const why = problemOf(error, "announcing this worker");
      log.warn({ problem: why.code, why: why.what }, "heartbeat failed; the next one follows");
    }
  }

  async #beat(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#announce();
      await this.#services.clock.sleep(heartbeatEveryMs, signal).catch(() => undefined);
    }
    // Otherwise people would be told for 30 s that it was seen just now, and wait for nobody.
    this.#stopping = true;
    await this.#announce();
  }

  /** One wake-up too many does nothing: the one in hand reads the record itself. */
  async #once(key: string, work: () => Promise<void>): Promise<void> {
    if (this.#inHand.has(key)) return;
    this.#inHand.add(key);
    try {
      await work();
    } finally {
      this.#inHand.delete(key);
    }
  }
}
