import { problemOf } from "../domain/errors.ts";
import { isTooEarly } from "../domain/schedule.ts";
import { settleIfExpired } from "../execution/change-record.ts";
import type { FreezeKeeper } from "./freeze-keeper.ts";
import { Reminders } from "./reminders.ts";
import { ExecutionResumer } from "./resume-executions.ts";
import type { WorkerServices } from "./services.ts";
import { settleIfNobodyRuns } from "./settle-orphan.ts";

/** Between two walks. A request whose wake-up was lost waits at most so long. */
export const reconcileEveryMs = 5_000;

/**
 * Walks what is unsettled and sees to it that each thing is being done: requests that wait for a plan or their execution
 * are woken (which does nothing when their job lives, and not before their time), people who can approve are reminded, what has
 * expired is settled, executions left unfinished are taken
 * up, messages that are behind are drawn. Losing every queue loses nothing.
 */
export class Reconciler {
  readonly #services: WorkerServices;
  readonly #freezes: Pick<FreezeKeeper, "walk">;
  readonly #resumer: ExecutionResumer;
  readonly #reminders: Reminders;
  readonly #begun = new Set<Promise<void>>();

  constructor(services: WorkerServices, freezes: Pick<FreezeKeeper, "walk">) {
    this.#services = services;
    this.#freezes = freezes;
    this.#resumer = new ExecutionResumer(services);
    this.#reminders = new Reminders(services);
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
      for (const execution of await this.#resumer.walk(signal)) this.#begin(execution);
    });
    await this.#attempt("walking unsettled requests", () => this.#walkUnsettled(signal));
    await this.#attempt("drawing what is behind", () => this.#services.draw.sweep(signal));
  }

  /** Not waited for by the walk, but by who ends it. */
  #begin(work: Promise<void>): void {
    this.#begun.add(work);
    void work.finally(() => this.#begun.delete(work));
  }

  async #walkUnsettled(signal: AbortSignal): Promise<void> {
    const { store, wakeUp } = this.#services;
    const { ids } = await store.unsettled();
    for (const id of ids) {
      if (await settleIfExpired(store, id)) continue;
      const found = await store.read(id);
      if (found === null) continue;
      const { record, nowMs } = found;
      if (record.state === "planning") await wakeUp.wake("plan", id, record.revision);
      if (record.state === "awaiting_approval") this.#begin(this.#reminders.attend(record, nowMs, signal));
      if (record.state === "approved" && !isTooEarly(record.schedule, nowMs)) {
        await wakeUp.wake("execute", id, record.revision);
      }
      if (record.state === "running") await settleIfNobodyRuns(this.#services, record);
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
