import type { Wish } from "../domain/request.ts";
import type { Clock } from "../ports/clock.ts";

/** What people want at a safe point. `by`: who, in a sentence. */
export type WishNow =
  | { readonly kind: "go_on" }
  | { readonly kind: "pause"; readonly wish: Wish }
  | { readonly kind: "stop"; readonly by: string };

/** Who knows at a safe point what people want, and keeps that the execution holds there. */
export interface SafePoints {
  /** Whether it is on record in the cluster that it stands between two steps, none of them half done. Asks nobody. */
  isHeld(): boolean;
  /** The pause that it is held for, as the cluster has it on record; null: it is not held, or nobody paused it. Asks nobody. */
  pauseOnRecord(): Wish | null;
  /** What people want now. Null: nobody could be asked. Bounded, and never throws but for `signal`. */
  wish(signal: AbortSignal): Promise<WishNow | null>;
  /** Puts on record in the cluster that it is held, and for whose pause (null: nobody's). Throws `lease_lost`. */
  hold(pause: Wish | null, signal: AbortSignal): Promise<void>;
  /** Takes that back, before anything is done again. Throws `lease_lost`. */
  goOn(signal: AbortSignal): Promise<void>;
}

export type SafePointPassed =
  | { readonly kind: "go_on" }
  | { readonly kind: "stop"; readonly by: string }
  /** This process is to end. It is on record that the execution stands here. */
  | { readonly kind: "leave" };

/**
 * Asks again and again whether somebody wants to stop what is being done, until it is over. Returns who, in a sentence; null:
 * nobody did. Never throws.
 */
export async function watchForStop(points: SafePoints, clock: Clock, over: AbortSignal): Promise<string | null> {
  while (!over.aborted) {
    const now = await points.wish(over).catch(() => null);
    if (now?.kind === "stop" && !over.aborted) return now.by;
    await clock.sleep(askAgainAfterMs, over).catch(() => undefined);
  }
  return null;
}

/** Between two questions whether a pause is over, or whether somebody wants to stop. */
const askAgainAfterMs = 1_000;

/**
 * Waits at a safe point for as long as people want it to pause. Who cannot be asked counts as wanting what is known: a pause
 * that is known holds, and without one it goes on, as what has begun is not stopped by a record that is away.
 * @param lost throws its reason as soon as the lease is lost
 */
export async function passSafePoint(
  points: SafePoints,
  clock: Clock,
  lost: AbortSignal,
  shutdown: AbortSignal,
): Promise<SafePointPassed> {
  let pause = points.pauseOnRecord();
  for (;;) {
    lost.throwIfAborted();
    if (shutdown.aborted) {
      if (!points.isHeld()) await points.hold(pause, lost);
      return { kind: "leave" };
    }
    const now = await points.wish(lost);
    if (now?.kind === "stop") return now;
    if (now?.kind === "pause") pause = now.wish;
    if (now?.kind === "go_on") pause = null;
    if (pause === null) break;
    if (points.pauseOnRecord() === null) await points.hold(pause, lost);
    await clock.sleep(askAgainAfterMs, AbortSignal.any([lost, shutdown])).catch(() => undefined);
  }
  if (points.isHeld()) await points.goOn(lost);
  return { kind: "go_on" };
}
