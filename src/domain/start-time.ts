import { parseDurationMs } from "./duration.ts";
import { type Problem, problem } from "./errors.ts";
import { farthestStartMs, longestWindowMs, type Schedule, usualWindowMs } from "./schedule.ts";
import { daysLater, momentsOf, timeZoneOf, type WallTime, wallTimeAt, weekdayOf } from "./wall-clock.ts";

/** When somebody wants it to begin, as they typed it: `at 02:30`, `in 2h`. */
export type StartTime =
  | { readonly kind: "in"; readonly asked: string; readonly durationMs: number; readonly windowMs: number }
  | {
      readonly kind: "at";
      readonly asked: string;
      readonly day: Day;
      readonly hour: number;
      readonly minute: number;
      /** The zone that was typed; null: that of whoever typed it. */
      readonly timeZone: string | null;
      readonly windowMs: number;
    };

type Day =
  /** The next time that the clock shows this. */
  | { readonly kind: "next" }
  /** So many days from today. */
  | { readonly kind: "in_days"; readonly days: number }
  /** 0 is Sunday. */
  | { readonly kind: "weekday"; readonly weekday: number }
  | { readonly kind: "date"; readonly year: number; readonly month: number; readonly day: number };

export type Read<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: Problem };

const minuteMs = 60_000;
const weekdays = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];

/** Reads `--at`, `--in` and `--window`; null: none of them was typed, so it is to begin as soon as it is approved. */
export function readStartTime(
  typed: Readonly<Partial<Record<"at" | "in" | "window", string>>>,
): Read<StartTime | null> {
  const { at, in: inText, window } = typed;
  if (at !== undefined && inText !== undefined) return unclear(`at ${at}`, "it says both a time and how long from now");
  const windowMs = window === undefined ? usualWindowMs : lengthMs(window);
  if (windowMs === null || windowMs < minuteMs || windowMs > longestWindowMs) {
    return unclear(`--window ${window}`, "a window is a length of time from 1m to 24h");
  }
  if (inText !== undefined) return readIn(inText, windowMs);
  if (at !== undefined) return readAt(at, windowMs);
  return window === undefined ? { ok: true, value: null } : unclear(`--window ${window}`, "it says no time to begin");
}

/**
 * The moment that is meant, for somebody in this zone.
 * @param nowMs by the clock that it will be started by: Redis'
 */
export function scheduleFor(start: StartTime, timeZone: string, nowMs: number): Read<Schedule> {
  const { asked, windowMs } = start;
  // What is shown are minutes, so that is what holds.
  if (start.kind === "in") {
    return within(asked, Math.ceil((nowMs + start.durationMs) / minuteMs) * minuteMs, windowMs, timeZone, nowMs);
  }
  const zone = start.timeZone ?? timeZone;
  const found = nextMoment(start, zone, nowMs);
  return found.ok ? within(asked, found.value, windowMs, zone, nowMs) : found;
}

function within(asked: string, startAtMs: number, windowMs: number, timeZone: string, nowMs: number): Read<Schedule> {
  if (startAtMs <= nowMs) return unclear(asked, "that is over already");
  if (startAtMs > nowMs + farthestStartMs) return unclear(asked, "that is more than 7 days away");
  return { ok: true, value: { asked, startAtMs, endsAtMs: startAtMs + windowMs, timeZone } };
}

function nextMoment(start: Extract<StartTime, { kind: "at" }>, timeZone: string, nowMs: number): Read<number> {
  const today = wallTimeAt(nowMs, timeZone);
  const { hour, minute } = start;
  const dates = datesFor(start.day, today);
  for (const date of dates) {
    const moments = momentsOf({ ...date, hour, minute }, timeZone);
    const [moment, later] = moments;
    const isLast = date === dates.at(-1);
    if (moment === undefined) {
      return unclear(start.asked, `there is no such time that day in ${timeZone}: the clocks are put forward over it`);
    }
    if (later !== undefined && later > nowMs) {
      return unclear(start.asked, `that time comes twice that day in ${timeZone}: add an offset, such as +01:00`);
    }
    if (moment > nowMs || isLast) return { ok: true, value: moment };
  }
  return unclear(start.asked, "that is no day");
}

/** The days that can be meant, the nearest first: a time that is over today is tomorrow's. */
function datesFor(day: Day, today: WallTime): readonly Pick<WallTime, "year" | "month" | "day">[] {
  switch (day.kind) {
    case "next":
      return [daysLater(today, 0), daysLater(today, 1)];
    case "in_days":
      return [daysLater(today, day.days)];
    case "weekday": {
      const days = (day.weekday - weekdayOf(today) + 7) % 7;
      return days === 0 ? [daysLater(today, 0), daysLater(today, 7)] : [daysLater(today, days)];
    }
    case "date":
      return [day];
  }
}

function readIn(text: string, windowMs: number): Read<StartTime> {
  const durationMs = lengthMs(text);
  const asked = `in ${text}`;
  if (durationMs === null) return unclear(asked, "a length of time is 30m, 2h or 1h30m");
  return { ok: true, value: { kind: "in", asked, durationMs, windowMs } };
}

/** Unlike in other options, a bare number is none: two hours and two minutes are both meant by somebody. */
function lengthMs(text: string): number | null {
  const compact = text.replaceAll(" ", "");
  return /\d$/.test(compact) ? null : parseDurationMs(compact);
}

/** `[DAY] HH:MM [ZONE]`, also as ISO 8601 has it: `2026-11-22T02:30Z`. */
function readAt(text: string, windowMs: number): Read<StartTime> {
  const asked = `at ${text}`;
  const match =
    /^(?:(?<day>[a-z]+|\d{4}-\d{2}-\d{2})(?:\s+|(?<=\d)t))?(?<hour>\d{1,2})[:.](?<minute>\d{2})(?::00(?:\.0+)?)?(?:\s?(?<half>[ap]m)\b)?(?:\s*(?<zone>\S+))?$/i.exec(
      text.trim(),
    );
  const parts = match?.groups;
  if (parts === undefined) return unclear(asked, notUnderstood);
  const day = readDay(parts.day ?? null);
  const hour = hourOf(Number(parts.hour), parts.half?.toLowerCase());
  const minute = Number(parts.minute);
  if (day === null || hour === null || minute > 59) return unclear(asked, notUnderstood);
  const timeZone = parts.zone === undefined ? null : timeZoneOf(parts.zone);
  if (parts.zone !== undefined && timeZone === null) {
    return unclear(asked, `there is no time zone ${parts.zone}: Europe/Berlin, UTC and +01:00 are some`);
  }
  return { ok: true, value: { kind: "at", asked, day, hour, minute, timeZone, windowMs } };
}

const notUnderstood = "a time is 02:30, or with a day and a zone: tomorrow 02:30 Europe/Berlin, 2026-11-22 02:30 UTC";

function readDay(text: string | null): Day | null {
  if (text === null) return { kind: "next" };
  const word = text.toLowerCase();
  if (word === "today") return { kind: "in_days", days: 0 };
  if (word === "tomorrow") return { kind: "in_days", days: 1 };
  const weekday = word.length < 3 ? -1 : weekdays.findIndex((name) => name.startsWith(word));
  if (weekday >= 0) return { kind: "weekday", weekday };
  const [year, month, day] = word.split("-").map(Number);
  if (year === undefined || month === undefined || day === undefined) return null;
  const isDate = new Date(Date.UTC(year, month - 1, day)).toISOString().startsWith(word);
  return isDate ? { kind: "date", year, month, day } : null;
}

function hourOf(hour: number, half: string | undefined): number | null {
  if (half === undefined) return hour < 24 ? hour : null;
  if (hour < 1 || hour > 12) return null;
  return (hour % 12) + (half === "pm" ? 12 : 0);
}

function unclear(given: string, why: string): { readonly ok: false; readonly problem: Problem } {
  return { ok: false, problem: problem("time_unclear", { given, why }) };
}
