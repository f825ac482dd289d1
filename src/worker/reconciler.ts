import { problemOf } from "../domain/errors.ts";
import { settleIfExpired } from "../execution/change-record.ts";
import type { FreezeKeeper } from "./freeze-keeper.ts";
import { ExecutionResumer } from "./resume-executions.ts";
import type { WorkerServices } from "./services.ts";
import { settleIfNobodyRuns } from "./settle-orphan.ts";

/** Between two walks. A request whose wake-up was lost waits at most so long. */
export const reconcileEveryMs = 5_000;

/**
 * Walks what is unsettled and sees to it that each thing is being done: requests that wait for a plan or their execution
 * are woken (which does nothing when their job lives), what has expired is settled, executions left unfinished are taken
 * up, messages that are behind are drawn. Losing every queue loses nothing.
 */
export class Reconciler {
  readonly #services: WorkerServices;
  readonly #freezes: Pick<FreezeKeeper, "walk">;
  readonly #resumer: ExecutionResumer;
  readonly #begun = new Set<Promise<void>>();

  constructor(services: WorkerServices, freezes: Pick<FreezeKeeper, "walk">) {
    this.#services = services;
    this.#freezes = freezes;
    this.#resumer = new ExecutionResumer(services);
  }

  /** Walks at once and then every few seconds until `signal`; then waits for what it has begun. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.walk(signal);
      await this.#services.clock.sleep(reconcileEveryMs, signal).catch(() => undefined);
    }
    await Promise.allSettled(this.#begun);
  }

  /** One walk. Each part is tried though another fails: Redis, Kubernetes and Slack go away independently. */
  async walk(signal: AbortSignal): Promise<void> {
    await this.#attempt("writing and reading freezes", () => this.#freezes.walk(signal));
    await this.#attempt("taking up executions", async () => {
      for (const execution of await this.#resumer.walk(signal)) {
        this.#begun.add(execution);
        void execution.finally(() => this.#begun.delete(execution));
      }
    });
    await this.#attempt("walking unsettled requests", () => this.#walkUnsettled());
    await this.#attempt("drawing what is behind", () => this.#services.draw.sweep(signal));
  }

  async #walkUnsettled(): Promise<void> {
    const { store, wakeUp } = this.#services;
    const { ids } = await store.unsettled();
    for (const id of ids) {
      if (await settleIfExpired(store, id)) continue;
      const found = await store.read(id);
      if (found === null) continue;
      if (found.record.state === "planning") await wakeUp.wake("plan", id, found.record.revision);
      if (found.record.state === "approved") await wakeUp.wake("execute", id, found.record.revision);
      if (found.record.state === "running") await settleIfNobodyRuns(this.#services, found.record);
    }
  }

  async #attempt(doing: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      const why = problemOf(error, doing);
      this.#services.log.warn({ problem: why.code, why: why.what }, `${doing} failed; the next walk tries again`);
    }
  }
}
