import { type Problem, problem } from "../errors.ts";
import type { ActiveFreeze } from "./freeze-windows.ts";

/** A refusal for a freeze of the policy: which, why, and until when, in its own time zone and in UTC. */
export function frozenByPolicy(target: string, { window, untilMs }: ActiveFreeze): Problem {
  return problem("frozen_by_policy", {
    target,
    window: window.name,
    reason: window.reason,
    until: momentText(untilMs, window.timeZone),
  });
}

/** “Mon 28 Dec 2026, 08:00 Europe/Berlin (07:00 UTC)”. */
export function momentText(atMs: number, timeZone: string): string {
  const options = { weekday: "short", day: "numeric", month: "short", year: "numeric" } as const;
  const parts = new Intl.DateTimeFormat("en-GB", { ...options, timeZone }).formatToParts(atMs);
  const part = (type: Intl.DateTimeFormatPartTypes) => parts.find((one) => one.type === type)?.value ?? "";
  const day = `${part("weekday")} ${part("day")} ${part("month")} ${part("year")}`;
  const clock = (zone: string) =>
    new Intl.DateTimeFormat("en-GB", {
      timeZone: zone,
      hour: "2-digit",
      minute: "2-digit",
      hourCycle: "h23",
    }).format(atMs);
  const utc = timeZone === "UTC" ? "" : ` (${clock("UTC")} UTC)`;
  return `${day}, ${clock(timeZone)} ${timeZone}${utc}`;
}
