import { Cron } from "croner";
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

export function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone !== "";
  } catch {
    return false;
  }
}

/**
 * The moment of a local time, `2026-12-24` or `2026-12-24T18:00`, in a time zone; null when it is none.
 * @param end a day alone means its end, not its beginning
 */
export function localTime(text: string, timeZone: string, end: boolean): number | null {
  const parts = /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2}))?$/.exec(text);
  if (parts === null) return null;
  const [, year, month, day, hour, minute] = parts.map(Number);
  if (year === undefined || month === undefined || day === undefined) return null;
  const isDay = parts[4] === undefined;
  const asUtc = new Date(Date.UTC(year, month - 1, day, isDay ? 0 : hour, isDay ? 0 : minute));
  const isReal =
    asUtc.getUTCMonth() === month - 1 && asUtc.getUTCDate() === day && (isDay || asUtc.getUTCHours() === hour);
  if (!isReal) return null;
  if (isDay && end) asUtc.setUTCDate(day + 1);
  return momentOf(asUtc.getTime(), timeZone);
}

/** The moment at which clocks in the zone show this time (given as if it were UTC). One that a change of clocks leaves out is the moment of the change or just after. */
function momentOf(shownMs: number, timeZone: string): number {
  // The zone's offset differs on both sides of a change of clocks, so it is asked again at the moment it leads to.
  const guess = shownMs - offsetMs(shownMs, timeZone);
  return shownMs - offsetMs(guess, timeZone);
}

function offsetMs(atMs: number, timeZone: string): number {
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  });
  const parts = new Map(format.formatToParts(atMs).map(({ type, value }) => [type, Number(value)]));
  const part = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) ?? 0;
  const shown = Date.UTC(part("year"), part("month") - 1, part("day"), part("hour"), part("minute"), part("second"));
  return shown - Math.floor(atMs / 1_000) * 1_000;
}
