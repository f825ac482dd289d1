import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { farthestStartMs, isTooEarly, scheduleText } from "../../../src/domain/schedule.ts";
import { readStartTime, scheduleFor } from "../../../src/domain/start-time.ts";

/** Saturday evening, 20:20 in Berlin. */
const nowMs = Date.parse("2026-11-21T19:20:30Z");
const berlin = "Europe/Berlin";

function startOf(typed: Parameters<typeof readStartTime>[0], zone = berlin, now = nowMs): string {
  const read = readStartTime(typed);
  if (!read.ok) return read.problem.what;
  if (read.value === null) return "now";
  const schedule = scheduleFor(read.value, zone, now);
  return schedule.ok ? new Date(schedule.value.startAtMs).toISOString() : schedule.problem.what;
}

describe("when something is to begin", () => {
  test.each([
    [{ in: "2h" }, "2026-11-21T21:21:00.000Z"],
    [{ in: "1h30m" }, "2026-11-21T20:51:00.000Z"],
    [{ at: "02:30" }, "2026-11-22T01:30:00.000Z"],
    [{ at: "21:00" }, "2026-11-21T20:00:00.000Z"],
    [{ at: "2.30" }, "2026-11-22T01:30:00.000Z"],
    [{ at: "2:30am" }, "2026-11-22T01:30:00.000Z"],
    [{ at: "11:30 pm" }, "2026-11-21T22:30:00.000Z"],
    [{ at: "02:30 UTC" }, "2026-11-22T02:30:00.000Z"],
    [{ at: "02:30Z" }, "2026-11-22T02:30:00.000Z"],
    [{ at: "02:30+03:00" }, "2026-11-21T23:30:00.000Z"],
    [{ at: "02:30 America/New_York" }, "2026-11-22T07:30:00.000Z"],
    [{ at: "tomorrow 23:15" }, "2026-11-22T22:15:00.000Z"],
    [{ at: "today 23:15" }, "2026-11-21T22:15:00.000Z"],
    [{ at: "tue 02:30" }, "2026-11-24T01:30:00.000Z"],
    [{ at: "Saturday 02:30" }, "2026-11-28T01:30:00.000Z"],
    [{ at: "2026-11-22 02:30" }, "2026-11-22T01:30:00.000Z"],
    [{ at: "2026-11-22T02:30:00.000Z" }, "2026-11-22T02:30:00.000Z"],
    [{}, "now"],
  ])("%j in Berlin", (typed, expected) => {
    expect(startOf(typed)).toBe(expected);
  });

  test.each([
    [{ in: "90" }, "a length of time is 30m"],
    [{ in: "soon" }, "a length of time is 30m"],
    [{ in: "200h" }, "more than 7 days away"],
    [{ at: "25:00" }, "a time is 02:30"],
    [{ at: "half past two" }, "a time is 02:30"],
    [{ at: "someday 02:30" }, "a time is 02:30"],
    [{ at: "2026-02-30 02:30" }, "a time is 02:30"],
    [{ at: "today 02:30" }, "over already"],
    [{ at: "2026-11-20 02:30" }, "over already"],
    [{ at: "2027-11-20 02:30" }, "more than 7 days away"],
    [{ at: "02:30 Europe/Atlantis" }, "there is no time zone Europe/Atlantis"],
    [{ at: "02:30", in: "2h" }, "both a time and how long"],
    [{ window: "1h" }, "it says no time to begin"],
    [{ at: "02:30", window: "25h" }, "a window is a length of time from 1m to 24h"],
    [{ at: "02:30", window: "1s" }, "a window is a length of time from 1m to 24h"],
  ])("%j is not understood", (typed, expected) => {
    expect(startOf(typed)).toContain(expected);
    expect(startOf(typed)).toContain("Nothing was done.");
  });

  test("is told never to come, or to come twice, where the clocks are changed", () => {
    expect(startOf({ at: "02:30" }, berlin, Date.parse("2026-03-28T20:00:00Z"))).toContain("there is no such time");
    expect(startOf({ at: "02:30" }, berlin, Date.parse("2026-10-24T20:00:00Z"))).toContain("comes twice that day");
    expect(startOf({ at: "02:30+01:00" }, berlin, Date.parse("2026-10-24T20:00:00Z"))).toBe("2026-10-25T01:30:00.000Z");
  });

  test("is always later, within a week, at a whole minute, and shown with its zone, whatever is typed", () => {
    const zone = fc.constantFrom("UTC", berlin, "America/New_York", "Asia/Kathmandu");
    const clock = fc.tuple(fc.nat(23), fc.nat(59)).map(([h, m]) => `${h}:${String(m).padStart(2, "0")}`);
    const day = fc.constantFrom("", "today ", "tomorrow ", "mon ", "2026-11-25 ", "2026-11-25T");
    const length = fc.integer({ min: 1, max: 9_000 }).map((minutes) => ({ in: `${minutes}m` }));
    const typed = fc.oneof(
      fc.tuple(day, clock).map(([d, c]) => ({ at: d + c })),
      length,
    );
    fc.assert(
      fc.property(typed, zone, fc.integer({ min: 0, max: 600_000_000 }), (asked, where, later) => {
        const read = readStartTime(asked);
        if (!read.ok || read.value === null) throw new Error("not read");
        const schedule = scheduleFor(read.value, where, nowMs + later);
        if (!schedule.ok) return;
        const { startAtMs, endsAtMs } = schedule.value;
        expect(startAtMs).toBeGreaterThan(nowMs + later);
        expect(startAtMs).toBeLessThanOrEqual(nowMs + later + farthestStartMs);
        expect(startAtMs % 60_000).toBe(0);
        expect(endsAtMs).toBe(startAtMs + 30 * 60_000);
        expect(isTooEarly(schedule.value, startAtMs - 1)).toBe(true);
        expect(isTooEarly(schedule.value, startAtMs)).toBe(false);
        expect(scheduleText(schedule.value)).toContain(where);
      }),
      { numRuns: 500, seed: 8 },
    );
  });

  test("takes any text for a time, or says what is wrong with it", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        for (const typed of [{ at: text }, { in: text }, { at: "02:30", window: text }]) {
          const read = readStartTime(typed);
          if (read.ok && read.value !== null) scheduleFor(read.value, berlin, nowMs);
        }
      }),
      { numRuns: 500, seed: 9 },
    );
  });
});

test("a schedule is shown with its day, its zone and UTC", () => {
  const times = { startAtMs: Date.parse("2026-11-22T23:45:00Z"), endsAtMs: Date.parse("2026-11-23T00:15:00Z") };
  const asked = { ...times, asked: "at 00:45" };
  expect(scheduleText({ ...asked, timeZone: berlin })).toBe(
    "Mon 23 Nov 2026, 00:45 Europe/Berlin (23:45 UTC), at the latest 01:15",
  );
  expect(scheduleText({ ...asked, timeZone: "UTC" })).toBe(
    "Sun 22 Nov 2026, 23:45 UTC, at the latest Mon 23 Nov 2026, 00:15",
  );
});
