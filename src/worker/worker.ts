import { problemOf } from "../domain/errors.ts";
import { executeRequest } from "./execute-request.ts";
import { planRequest } from "./plan-request.ts";
import { Reconciler } from "./reconciler.ts";
import type { WorkerServices } from "./services.ts";

/** Between two heartbeats. The edge refuses when none was seen for 30 s. */
export const heartbeatEveryMs = 5_000;

/** The worker apart from its process: what it does with each wake-up, and what it does by itself. */
export class HandoverWorker {
  readonly #services: WorkerServices;
  readonly #inHand = new Set<string>();

  constructor(services: WorkerServices) {
    this.#services = services;
  }

  /** For a `plan` wake-up. */
  plan(requestId: string, signal: AbortSignal): Promise<void> {
    return this.#once(`plan ${requestId}`, () => planRequest(this.#services, requestId, signal));
  }

  /** For an `execute` wake-up. */
  execute(requestId: string, signal: AbortSignal): Promise<void> {
    return this.#once(`execute ${requestId}`, () => executeRequest(this.#services, requestId, signal));
  }

  /** Beats and reconciles until `signal`, then waits for what it has begun. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([new Reconciler(this.#services).run(signal), this.#beat(signal)]);
  }

  /** Tells the edge that this worker lives and which targets it sees. */
  async announce(signal: AbortSignal): Promise<void> {
    const { announcements, workloads, workerId, cluster, version, operations } = this.#services;
    const targets = (await workloads.targets(signal)).map((target) => ({ ...target, cluster }));
    await announcements.announce({
      workerId,
      cluster,
      version,
      operations: operations.map((operation) => operation.name),
      targets,
    });
  }

  async #beat(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.announce(AbortSignal.any([signal, AbortSignal.timeout(heartbeatEveryMs)]));
      } catch (error) {
        if (signal.aborted) return;
        const why = problemOf(error, "announcing this worker");
        this.#services.log.warn({ problem: why.code, why: why.what }, "heartbeat failed; the next one follows");
      }
      await this.#services.clock.sleep(heartbeatEveryMs, signal).catch(() => undefined);
    }
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
