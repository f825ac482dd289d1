import { fail } from "../../domain/errors.ts";
import { type CallOptions, DoltError, type DoltSession } from "../../ports/dolt-servers.ts";
import type { OperationContext } from "../operation.ts";
import type { DoltView } from "./look.ts";
import type { RepairDetails, SavedDatabase } from "./repair-details.ts";
import { connectTo } from "./server-calls.ts";

/** A database of many gigabytes takes its time; the step's own deadline ends it. */
const copyDeadlineMs = 60 * 60_000;
const questionDeadlineMs = 10_000;
/** A primary that still takes writes by ways of its own is saved again, so often at most. */
const savesAtMost = 5;

/** Saves what a repair overwrites, and restores it beside the rest. Knows what it saved, so that it can tell whether that has changed since. */
export class SavedSides {
  readonly #details: RepairDetails;
  /** By URL, the state that was saved. */
  readonly #saved = new Map<string, string>();

  constructor(details: RepairDetails) {
    this.#details = details;
  }

  /** Saves each database until it stood still while it was saved, a few times at most. Says where. Throws `dolt_save_failed`. */
  async saveAll(context: OperationContext, view: DoltView): Promise<string> {
    const moving: string[] = [];
    for (const saved of this.#details.saves) {
      if (!(await this.#save(context, view, saved))) moving.push(`${saved.database} of ${saved.pod}`);
    }
    if (moving.length === 0) return "saved, and nothing was written meanwhile";
    return `saved; ${moving.join(", ")} goes on changing, and what is new is saved once more when its writers are gone`;
  }

  /** Saves again what was written to since. What this process did not save is saved now. */
  async saveChanged(context: OperationContext, view: DoltView): Promise<void> {
    for (const saved of this.#details.saves) {
      if (!this.#details.others.some((other) => other.name === saved.pod && other.writable)) continue;
      await this.#save(context, view, saved);
    }
  }

  /** Whether its state is now the one that was saved. */
  async #save(context: OperationContext, view: DoltView, saved: SavedDatabase): Promise<boolean> {
    const { pod, database, url } = saved;
    const question = { deadlineMs: questionDeadlineMs, signal: context.signal };
    try {
      return await withSession(context, view, pod, async (session) => {
        for (let tries = 0; tries < savesAtMost; tries += 1) {
          const before = await stateOf(session, database, question);
          if (this.#saved.get(url) === before) return true;
          await session.backups.save(database, url, { deadlineMs: copyDeadlineMs, signal: context.signal });
          this.#saved.set(url, before);
        }
        return (await stateOf(session, database, question)) === this.#saved.get(url);
      });
    } catch (error) {
      if (!(error instanceof DoltError)) throw error;
      throw fail("dolt_save_failed", { pod, database, url, why: error.message }, { cause: error });
    }
  }

  /** Restores on the chosen primary what is not there yet, and makes sure that its standbys get it. Throws `dolt_restore_failed`. */
  async restoreAll(context: OperationContext, view: DoltView): Promise<string> {
    const { chosen, saves } = this.#details;
    const names: string[] = [];
    for (const { url, restoreAs, database, pod } of saves) {
      if (restoreAs === null) continue;
      try {
        await withSession(context, view, chosen.name, async (session) => {
          const options = { deadlineMs: copyDeadlineMs, signal: context.signal };
          const known = await session.databases(options);
          if (!known.includes(restoreAs)) await session.backups.restore(url, restoreAs, options);
          await session.backups.announce(restoreAs, options);
        });
      } catch (error) {
        if (!(error instanceof DoltError)) throw error;
        throw fail(
          "dolt_restore_failed",
          { pod: chosen.name, database: restoreAs, url, why: error.message },
          { cause: error },
        );
      }
      names.push(`${restoreAs} (${database} of ${pod})`);
    }
    return names.join(", ");
  }
}

/** A text over everything that a save keeps; equal while nothing was written. */
async function stateOf(session: DoltSession, database: string, options: CallOptions): Promise<string> {
  return JSON.stringify(await session.evidence.branches(database, options));
}

async function withSession<T>(
  context: OperationContext,
  view: DoltView,
  pod: string,
  use: (session: DoltSession) => Promise<T>,
): Promise<T> {
  const session = await connectTo(context, view, pod);
  try {
    return await use(session);
  } finally {
    session.close();
  }
}
