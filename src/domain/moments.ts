/** Times in words, always in a zone (IANA's name, or UTC) that is said. */

/** “Mon 28 Dec 2026, 08:00 Europe/Berlin (07:00 UTC)”. */
export function momentText(atMs: number, timeZone: string): string {
  const zone = timeZone === "UTC" ? "UTC" : `${timeZone} (${clockText(atMs, "UTC")} UTC)`;
  return `${dayText(atMs, timeZone)}, ${clockText(atMs, timeZone)} ${zone}`;
}

/** “Mon 28 Dec 2026”. */
export function dayText(atMs: number, timeZone: string): string {
  const options = { timeZone, weekday: "short", day: "numeric", month: "short", year: "numeric" } as const;
  const parts = new Intl.DateTimeFormat("en-GB", options).formatToParts(atMs);
  const part = (type: Intl.DateTimeFormatPartTypes) => parts.find((one) => one.type === type)?.value ?? "";
  return `${part("weekday")} ${part("day")} ${part("month")} ${part("year")}`;
}

/** “18:00”. */
export function clockText(atMs: number, timeZone: string): string {
  const options = { timeZone, hour: "2-digit", minute: "2-digit", hourCycle: "h23" } as const;
  return new Intl.DateTimeFormat("en-GB", options).format(atMs);
}
