import { Cron } from "croner";
import { daysLater, momentsOf } from "../wall-clock.ts";
import type { FreezeWindow } from "./rule.ts";

/** A window that holds now, and until when nothing may begin: windows that follow each other without a gap count as one. */
export interface ActiveFreeze {
  readonly window: FreezeWindow;
  readonly untilMs: number;
}

/** Windows that touch are followed for so many; then the time that is told is the end of the last one looked at. */
const mostFollowed = 50;

/** The window that stands against a start now, or null. Of several, the one that ends last. */
export function activeFreeze(windows: readonly FreezeWindow[], nowMs: number): ActiveFreeze | null {
  const first = lastToEnd(windows, nowMs);
  if (first === null) return null;
  let untilMs = first.untilMs;
  for (let followed = 0; followed < mostFollowed; followed += 1) {
    const following = lastToEnd(windows, untilMs);
    if (following === null) break;
    untilMs = following.untilMs;
  }
  return { window: first.window, untilMs };
}

function lastToEnd(windows: readonly FreezeWindow[], atMs: number): ActiveFreeze | null {
  let last: ActiveFreeze | null = null;
  for (const window of windows) {
    const untilMs = endOf(window, atMs);
    if (untilMs !== null && (last === null || untilMs > last.untilMs)) last = { window, untilMs };
  }
  return last;
}

/** When the window that holds at this moment ends; null: it does not hold. From its first millisecond to before its last. */
function endOf({ when, timeZone }: FreezeWindow, atMs: number): number | null {
  if (when.kind === "range") return when.fromMs <= atMs && atMs < when.toMs ? when.toMs : null;
  const [began] = new Cron(when.cron, { timezone: timeZone }).previousRuns(1, new Date(atMs + 1));
  if (began === undefined) return null;
  const untilMs = began.getTime() + when.forMinutes * 60_000;
  return began.getTime() <= atMs && atMs < untilMs ? untilMs : null;
}

/** Why these five fields say no time, in words; null: they do. */
export function cronObjection(text: string, timeZone: string): string | null {
  if (text.trim().split(/\s+/).length !== 5)
    return "is not a cron expression of five fields (minute hour day month weekday)";
  try {
    return new Cron(text, { timezone: timeZone }).nextRun() === null ? "names a time that never comes" : null;
  } catch (error) {
    const why = error instanceof Error ? error.message.replace(/^CronPattern: /, "") : "unreadable";
    return `is not a cron expression: ${why}`;
  }
}

/**
 * The moment of a local time, `2026-12-24` or `2026-12-24T18:00`, in a time zone; null when it is none. Of a time that comes twice,
 * because clocks are put back, the one that makes the window longer; of one that clocks are put forward over, the hour after it.
 * @param edge a day alone means its beginning as `from`, and its end as `to`
 */
export function localTime(text: string, timeZone: string, edge: "from" | "to"): number | null {
  const parts = /^(\d{4})-(\d{2})-(\d{2})(?:[T ]([01]\d|2[0-3]):([0-5]\d))?$/.exec(text);
  if (parts === null) return null;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0] = parts.slice(1).map((part) => Number(part ?? 0));
  const date = { year, month, day };
  const given = daysLater({ ...date, hour, minute }, 0);
  if (given.month !== month || given.day !== day) return null;
  const isWholeDay = parts[4] === undefined && edge === "to";
  const wall = { ...(isWholeDay ? daysLater({ ...date, hour, minute }, 1) : date), hour, minute };
  const moments = momentsOf(wall, timeZone);
  const found = moments.length > 0 ? moments : momentsOf({ ...wall, hour: hour + 1 }, timeZone);
  return (edge === "from" ? found[0] : found.at(-1)) ?? null;
}
