import { z } from "zod";
import { clockText, dayText, momentText } from "./moments.ts";

/**
 * When a request is to begin, where somebody asked for a time: not before `startAtMs`, not at or after `endsAtMs`. Signed with
 * the plan, so that nobody moves it afterwards. By Redis' clock.
 */
export const scheduleSchema = z.object({
  /** As it was typed: `in 2h`. A second press of Enter says the same, and means another moment. */
  asked: z.string(),
  startAtMs: z.number().int(),
  endsAtMs: z.number().int(),
  /** The zone it is shown in, beside UTC: the one it was typed in (IANA's name, or UTC). */
  timeZone: z.string().min(1),
});
export type Schedule = z.infer<typeof scheduleSchema>;

/** How long after its time it may still begin, where nobody says. */
export const usualWindowMs = 30 * 60_000;
/** Nobody can say today how things will be later than that. */
export const farthestStartMs = 7 * 24 * 60 * 60_000;
export const longestWindowMs = 24 * 60 * 60_000;

/** Until when a grant may begin: to the end of its window, where it has one; otherwise so long after its last signature. */
export function grantEndsAtMs(
  schedule: Schedule | undefined,
  lastSignedAtMs: number,
  expiresAfterMinutes: number,
): number {
  return schedule?.endsAtMs ?? lastSignedAtMs + expiresAfterMinutes * 60_000;
}

/** Until when it waits for approvals: never beyond the end of its window. */
export function waitingEndsAtMs(schedule: Schedule | undefined, fromMs: number, expiresAfterMinutes: number): number {
  return Math.min(fromMs + expiresAfterMinutes * 60_000, schedule?.endsAtMs ?? Number.POSITIVE_INFINITY);
}

/** Whether its time has not come yet. */
export function isTooEarly(schedule: Schedule | undefined, nowMs: number): boolean {
  return schedule !== undefined && nowMs < schedule.startAtMs;
}

export function sameSchedule(a: Schedule | undefined, b: Schedule | undefined): boolean {
  return a?.startAtMs === b?.startAtMs && a?.endsAtMs === b?.endsAtMs;
}

/** “Sun 22 Nov 2026, 02:30 Europe/Berlin (01:30 UTC), at the latest 03:00”: never a time without its zone. */
export function scheduleText({ startAtMs, endsAtMs, timeZone }: Schedule): string {
  const day = dayText(startAtMs, timeZone);
  const latestDay = dayText(endsAtMs, timeZone);
  const latest = `${latestDay === day ? "" : `${latestDay}, `}${clockText(endsAtMs, timeZone)}`;
  return `${momentText(startAtMs, timeZone)}, at the latest ${latest}`;
}
