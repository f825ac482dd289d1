import { freezeMessage } from "../../handlers/messages/freezes.ts";
import { problemOf } from "../domain/errors.ts";
import {
  type AnnouncedFreeze,
  type Freeze,
  type FreezeWish,
  isWholeCluster,
  withFreeze,
  withWish,
} from "../domain/freeze.ts";
import type { Chat } from "../ports/chat.ts";
import type { Clock } from "../ports/clock.ts";
import type { ClusterFreezes, FreezeWishes } from "../ports/freezes.ts";
import type { Log } from "./services.ts";

const callDeadlineMs = 10_000;

export interface FreezeKeeperParts {
  readonly cluster: string;
  readonly workerId: string;
  readonly freezeWishes: FreezeWishes;
  readonly freezes: ClusterFreezes;
  readonly chat: Chat;
  /** Where it is told when it cannot be told where it was asked for. */
  readonly channelId: string;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Writes what people want frozen and lifted into the cluster, where it holds for the command line and for an emptied Redis too. Two
 * workers may write the same wish: the later of two wishes holds, in whatever order they are written.
 */
export class FreezeKeeper {
  readonly #parts: FreezeKeeperParts;
  readonly #onChange: () => Promise<void>;
  #seen: readonly AnnouncedFreeze[] = [];

  /** @param onChange called when what is `seen` was changed by a wish, before anybody is told that it holds; must not throw */
  constructor(parts: FreezeKeeperParts, onChange: () => Promise<void> = async () => undefined) {
    this.#parts = parts;
    this.#onChange = onChange;
  }

  /** What stands in the cluster, as the last walk saw it; for whoever lists it. */
  get seen(): readonly AnnouncedFreeze[] {
    return this.#seen;
  }

  /**
   * Writes what is wished and not yet written. Called before anything is planned or begun, so that a freeze holds from the moment in
   * which it was recorded. Throws HandoverError: what cannot be read or written lets nothing begin.
   */
  async applyWishes(signal: AbortSignal): Promise<void> {
    for (const wish of await this.#parts.freezeWishes.pending()) await this.#apply(wish, signal);
  }

  /** Writes what is wished, brings a freeze of the whole cluster to namespaces that lack it, and looks at what stands. */
  async walk(signal: AbortSignal): Promise<void> {
    await this.applyWishes(signal);
    const limited = AbortSignal.any([signal, AbortSignal.timeout(callDeadlineMs)]);
    const { found, newest } = await this.#look(limited);
    if (newest !== undefined) await this.#spread(newest, found, limited);
  }

  async #look(signal: AbortSignal): Promise<{ found: (readonly Freeze[])[]; newest: Freeze | undefined }> {
    const { cluster, freezes } = this.#parts;
    const found = await Promise.all(freezes.namespaces.map((namespace) => freezes.read(namespace, signal)));
    const [newest] = found
      .flat()
      .filter(isWholeCluster)
      .toSorted((a, b) => b.atMs - a.atMs);
    this.#seen = seenOf(cluster, freezes.namespaces, found, newest);
    return { found, newest };
  }

  /** One that was written in one namespace only (a crash, a namespace that is new) holds in all of them. */
  async #spread(newest: Freeze, found: readonly (readonly Freeze[])[], signal: AbortSignal): Promise<void> {
    const { freezes, clock } = this.#parts;
    for (const [index, namespace] of freezes.namespaces.entries()) {
      if (found[index]?.some((one) => isWholeCluster(one) && one.atMs >= newest.atMs)) continue;
      // A text that cannot be read stands for itself, and is nobody's to copy.
      if (newest.atMs === 0) continue;
      await freezes.change(namespace, (now) => withFreeze(now, newest, clock.nowMs()), signal);
    }
  }

  async #apply(wish: FreezeWish, shutdown: AbortSignal): Promise<void> {
    const { freezes, freezeWishes, workerId, log } = this.#parts;
    const signal = AbortSignal.any([shutdown, AbortSignal.timeout(callDeadlineMs)]);
    const namespaces = isWholeCluster(wish.scope) ? freezes.namespaces : [wish.scope.namespace];
    for (const namespace of namespaces) await freezes.change(namespace, (now) => withWish(now, wish), signal);
    const isOurs = await freezeWishes.settle(wish.id, {
      kind: wish.kind === "freeze" ? "frozen" : "unfrozen",
      requestId: null,
      by: { worker: workerId },
      facts: { wish: wish.id, scope: wish.scope.name, namespace: wish.scope.namespace, untilMs: wish.untilMs },
    });
    if (!isOurs) return;
    log.info({ wish: wish.id, kind: wish.kind, scope: wish.scope }, "a freeze was written into the cluster");
    await this.#look(signal);
    await this.#onChange();
    await this.#announce(wish, shutdown);
  }

  /** In the channel where it was asked for; if that is closed, in the cluster's. Holds nothing up. */
  async #announce(wish: FreezeWish, shutdown: AbortSignal): Promise<void> {
    const { chat, channelId, log } = this.#parts;
    const channels = [...new Set([wish.channelId, channelId])];
    for (const channel of channels) {
      try {
        const signal = AbortSignal.any([shutdown, AbortSignal.timeout(callDeadlineMs)]);
        await chat.post(channel, freezeMessage(wish), null, signal);
        return;
      } catch (error) {
        const why = problemOf(error, "telling of a freeze");
        log.warn({ wish: wish.id, channel, why: why.what }, "a freeze could not be told there");
      }
    }
  }
}

function seenOf(
  cluster: string,
  namespaces: readonly string[],
  found: readonly (readonly Freeze[])[],
  newest: Freeze | undefined,
): AnnouncedFreeze[] {
  const words = ({ by, reason, untilMs }: Freeze) => ({ by, reason, untilMs });
  const own = namespaces.flatMap((namespace, index) =>
    (found[index] ?? [])
      .filter((freeze) => freeze.lifted !== true && !isWholeCluster(freeze))
      .map((freeze) => ({
        scope: { cluster, namespace, name: freeze.name, workload: freeze.workload },
        ...words(freeze),
      })),
  );
  if (newest === undefined || newest.lifted === true) return own;
  return [{ scope: { cluster, namespace: "*", name: "*", workload: "*" }, ...words(newest) }, ...own];
}
