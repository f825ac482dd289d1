import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { daysLater, momentsOf, timeZoneOf, wallTimeAt, weekdayOf } from "../../../src/domain/wall-clock.ts";

const zones = [
  "UTC",
  "Europe/Berlin",
  "America/New_York",
  "Australia/Lord_Howe",
  "Asia/Kathmandu",
  "Pacific/Kiritimati",
  "+05:30",
];
/** 2020 to 2035, at whole minutes. */
const moment = fc.integer({ min: 26_297_280, max: 34_187_040 }).map((minutes) => minutes * 60_000);

describe("a clock on the wall", () => {
  test("shows each moment as a time that leads back to it, in every zone", () => {
    fc.assert(
      fc.property(moment, fc.constantFrom(...zones), (atMs, zone) => {
        const moments = momentsOf(wallTimeAt(atMs, zone), zone);
        expect(moments).toContain(atMs);
        expect(moments.length).toBeLessThanOrEqual(2);
      }),
      { numRuns: 500, seed: 7 },
    );
  });

  test("is put forward over a time, and back over another", () => {
    const wall = (day: number, month: number, hour: number, minute = 30) => ({ year: 2026, month, day, hour, minute });
    expect(momentsOf(wall(29, 3, 2), "Europe/Berlin")).toEqual([]);
    expect(momentsOf(wall(25, 10, 2), "Europe/Berlin")).toEqual([
      Date.parse("2026-10-25T00:30:00Z"),
      Date.parse("2026-10-25T01:30:00Z"),
    ]);
    expect(momentsOf(wall(22, 11, 2), "Europe/Berlin")).toEqual([Date.parse("2026-11-22T01:30:00Z")]);
    // Half an hour only, there.
    expect(momentsOf(wall(5, 4, 1, 45), "Australia/Lord_Howe")).toHaveLength(2);
    expect(momentsOf({ year: 2026, month: 2, day: 30, hour: 1, minute: 0 }, "UTC")).toEqual([]);
  });

  test("knows zones by name and by offset, and no others", () => {
    expect(timeZoneOf("europe/berlin")).toBe("Europe/Berlin");
    expect(timeZoneOf("Z")).toBe("UTC");
    expect(timeZoneOf("+01:00")).toBe("+01:00");
    expect(timeZoneOf("Europe/Atlantis")).toBeNull();
    expect(timeZoneOf("")).toBeNull();
  });

  test("counts days by the calendar", () => {
    const date = { year: 2026, month: 12, day: 31, hour: 0, minute: 0 };
    expect(daysLater(date, 1)).toEqual({ year: 2027, month: 1, day: 1 });
    expect(weekdayOf({ year: 2026, month: 11, day: 22 })).toBe(0);
  });
});
