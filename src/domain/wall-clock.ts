/** A moment as a clock on the wall shows it, in whatever zone. */
export interface WallTime {
  readonly year: number;
  /** From 1. */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
}

const dayMs = 24 * 60 * 60_000;

/** The zone by its IANA name, or an offset (`+01:00`), as `Intl` spells it; null when there is none of this name. `Z` is UTC. */
export function timeZoneOf(text: string): string | null {
  if (/^z$/i.test(text)) return "UTC";
  try {
    return new Intl.DateTimeFormat("en", { timeZone: text }).resolvedOptions().timeZone;
  } catch {
    return null;
  }
}

/** What the wall's clock shows there at this moment. */
export function wallTimeAt(atMs: number, timeZone: string): WallTime {
  const parts = new Intl.DateTimeFormat("en-US", {
    timeZone,
    calendar: "gregory",
    numberingSystem: "latn",
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
  }).formatToParts(atMs);
  const part = (type: Intl.DateTimeFormatPartTypes) =>
    Number(parts.find((one) => one.type === type)?.value ?? Number.NaN);
  return { year: part("year"), month: part("month"), day: part("day"), hour: part("hour"), minute: part("minute") };
}

/**
 * The moments at which the wall's clock shows this, there: one as a rule, none when it is put forward over it, two when it is put
 * back. None, too, where the calendar has no such day.
 */
export function momentsOf(wall: WallTime, timeZone: string): readonly number[] {
  const asUtcMs = Date.UTC(wall.year, wall.month - 1, wall.day, wall.hour, wall.minute);
  // No zone is further from UTC than 14 h, and none changes twice within two days.
  const offsets = new Set([asUtcMs - dayMs, asUtcMs, asUtcMs + dayMs].map((atMs) => offsetMsAt(atMs, timeZone)));
  const moments = [...offsets].map((offsetMs) => asUtcMs - offsetMs);
  return moments.filter((atMs) => sameWallTime(wallTimeAt(atMs, timeZone), wall)).sort((a, b) => a - b);
}

/** The date so many days later, whatever the clocks do in between. */
export function daysLater({ year, month, day }: WallTime, days: number): Pick<WallTime, "year" | "month" | "day"> {
  const then = new Date(Date.UTC(year, month - 1, day) + days * dayMs);
  return { year: then.getUTCFullYear(), month: then.getUTCMonth() + 1, day: then.getUTCDate() };
}

/** 0 is Sunday. */
export function weekdayOf({ year, month, day }: Pick<WallTime, "year" | "month" | "day">): number {
  return new Date(Date.UTC(year, month - 1, day)).getUTCDay();
}

/** How far the clocks there are ahead of UTC. */
function offsetMsAt(atMs: number, timeZone: string): number {
  const { year, month, day, hour, minute } = wallTimeAt(atMs, timeZone);
  return Date.UTC(year, month - 1, day, hour, minute) - Math.floor(atMs / 60_000) * 60_000;
}

function sameWallTime(a: WallTime, b: WallTime): boolean {
  return a.year === b.year && a.month === b.month && a.day === b.day && a.hour === b.hour && a.minute === b.minute;
}
