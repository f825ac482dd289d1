import { type DataState, DoltError } from "../../ports/dolt-servers.ts";
import type { OperationContext } from "../operation.ts";
import type { AnsweringNode } from "./candidate.ts";
import { differences } from "./data-states.ts";
import type { DoltNode, DoltView } from "./look.ts";
import { connectTo, dataStateOf } from "./server-calls.ts";

const stateDeadlineMs = 10_000;
const callDeadlineMs = 10_000;
const sendAgainAfterMs = 5_000;

/**
 * Compares what followers hold with their primary once it calls them caught up, which it does also of one to which an older
 * primary has pushed meanwhile (dolt.md, “Seen on real servers”). What differs is sent once more, by a write that
 * leaves nothing behind.
 */
export class ResentDatabases {
  #sentAtMs = Number.NEGATIVE_INFINITY;

  /**
   * Why a follower does not hold the same; empty when all do. While the primary is written to nothing can be compared: then
   * it is enough that each database was sent once since.
   */
  async unequal(
    context: OperationContext,
    view: DoltView,
    primary: AnsweringNode,
    following: readonly DoltNode[],
  ): Promise<string[]> {
    if (following.length === 0) return [];
    try {
      const state = (name: string) => dataStateOf(context, view, name, stateDeadlineMs);
      const before = await state(primary.name);
      const held = await Promise.all(following.map(async ({ name }) => [name, await state(name)] as const));
      const unequal = held.filter(([, theirs]) => differences(before, theirs).length > 0);
      if (unequal.length === 0) return [];
      const isWrittenTo = differences(before, await state(primary.name)).length > 0;
      const wasSent = this.#sentAtMs !== Number.NEGATIVE_INFINITY;
      if (isWrittenTo && wasSent) return [];
      await this.#send(
        context,
        view,
        primary,
        unequal.map(([, theirs]) => theirs),
        before,
      );
      return unequal.map(([name, theirs]) => `${name} differs in ${differences(before, theirs).join(", ")}`);
    } catch (error) {
      if (!(error instanceof DoltError)) throw error;
      return [`what the others hold could not be compared (${error.message})`];
    }
  }

  async #send(
    context: OperationContext,
    view: DoltView,
    primary: AnsweringNode,
    held: readonly DataState[],
    ours: DataState,
  ): Promise<void> {
    const nowMs = context.clock.monotonicMs();
    if (nowMs < this.#sentAtMs + sendAgainAfterMs) return;
    this.#sentAtMs = nowMs;
    const names = Object.keys(ours.databases);
    const differing = names.filter((name) => held.some(({ databases }) => databases[name] !== ours.databases[name]));
    const session = await connectTo(context, view, primary.name);
    try {
      const options = { deadlineMs: callDeadlineMs, signal: context.signal };
      for (const name of differing) await session.backups.announce(name, options);
    } finally {
      session.close();
    }
  }
}
