import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { activeFreeze, cronObjection, localTime } from "../../../../src/domain/policy/freeze-windows.ts";
import type { FreezeWindow } from "../../../../src/domain/policy/rule.ts";
import { frozenByPolicy } from "../../../../src/domain/policy/said.ts";
import type { WrittenPolicy } from "../../../../src/domain/policy/written.ts";
import { ruleOf } from "../../../support/policies.ts";

const berlin = { timeZone: "Europe/Berlin" };
const weekend = { name: "weekend", cron: "0 18 * * 5", forMinutes: 62 * 60, ...berlin };
const christmas = { name: "Christmas", from: "2026-12-24", to: "2026-12-26", reason: "nobody is here", ...berlin };

function windows(...freeze: NonNullable<WrittenPolicy[number]["freeze"]>): readonly FreezeWindow[] {
  return ruleOf({ freeze }).freeze;
}
const at = (text: string) => Date.parse(text);

describe("a freeze window", () => {
  test("by days holds from the first one's begin to the last one's end, in its time zone", () => {
    const all = windows(christmas);
    expect(activeFreeze(all, at("2026-12-23T22:59:59.999Z"))).toBeNull();
    expect(activeFreeze(all, at("2026-12-23T23:00:00Z"))?.untilMs).toBe(at("2026-12-26T23:00:00Z"));
    expect(activeFreeze(all, at("2026-12-26T22:59:59.999Z"))?.window.name).toBe("Christmas");
    expect(activeFreeze(all, at("2026-12-26T23:00:00Z"))).toBeNull();
  });

  test("by cron holds for its minutes from each time on, also when clocks are changed within it", () => {
    const all = windows(weekend);
    expect(activeFreeze(all, at("2026-11-20T16:59:59.999Z"))).toBeNull();
    expect(activeFreeze(all, at("2026-11-20T17:00:00Z"))?.untilMs).toBe(at("2026-11-23T07:00:00Z"));
    expect(activeFreeze(all, at("2026-11-23T06:59:59.999Z"))).not.toBeNull();
    expect(activeFreeze(all, at("2026-11-23T07:00:00Z"))).toBeNull();
    // Summer time begins on 29 March 2026: Friday 18:00 is 17:00 UTC, and 62 hours last 62 hours.
    expect(activeFreeze(all, at("2026-03-28T12:00:00Z"))?.untilMs).toBe(at("2026-03-30T07:00:00Z"));
  });

  test("that others follow without a gap tells the end of the last", () => {
    const all = windows(
      { name: "a", from: "2026-12-24T18:00", to: "2026-12-25T06:00", ...berlin },
      { name: "b", from: "2026-12-25T06:00", to: "2026-12-27T06:00", ...berlin },
    );
    expect(activeFreeze(all, at("2026-12-24T20:00:00Z"))).toMatchObject({
      window: { name: "a" },
      untilMs: at("2026-12-27T05:00:00Z"),
    });
    const always = windows({ name: "always", cron: "0 * * * *", forMinutes: 60, timeZone: "UTC" });
    expect(activeFreeze(always, at("2026-11-21T19:20:00Z"))?.untilMs).toBeGreaterThan(at("2026-11-23T00:00:00Z"));
  });

  test("is refused in words, with its end in its own zone and in UTC", () => {
    const frozen = activeFreeze(windows(christmas), at("2026-12-25T12:00:00Z"));
    if (frozen === null) throw new Error("it does not hold");
    const { code, what } = frozenByPolicy("main/shop/orders", frozen);
    expect(code).toBe("frozen_by_policy");
    expect(what).toContain("until Sun 27 Dec 2026, 00:00 Europe/Berlin (23:00 UTC): Christmas (nobody is here)");
  });

  test("holds exactly within its minutes, whenever it is asked", () => {
    const all = windows({ name: "n", cron: "30 2 * * *", forMinutes: 45, timeZone: "UTC" });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 * 365 * 24 * 60 }), (minute) => {
        const atMs = at("2026-01-01T00:00:00Z") + minute * 60_000;
        const ofDay = minute % 1440;
        expect(activeFreeze(all, atMs) !== null).toBe(ofDay >= 150 && ofDay < 195);
      }),
      { numRuns: 300 },
    );
  });
});

describe("times of the configuration", () => {
  test("are local times of a zone", () => {
    expect(localTime("2026-07-01T12:00", "Europe/Berlin", "from")).toBe(at("2026-07-01T10:00:00Z"));
    expect(localTime("2026-12-01", "America/New_York", "from")).toBe(at("2026-12-01T05:00:00Z"));
    expect(localTime("2026-12-01", "America/New_York", "to")).toBe(at("2026-12-02T05:00:00Z"));
    expect(localTime("2026-12-31", "UTC", "to")).toBe(at("2027-01-01T00:00:00Z"));
  });

  test.each(["2026-02-30", "2026-13-01", "2026-01-01T24:30", "24.12.2026", "", "2026-01-01T10:00Z"])(
    "are not made of %j",
    (text) => expect(localTime(text, "UTC", "from")).toBeNull(),
  );

  test("that come twice, or never, make the window longer, or begin after it", () => {
    // On 25 October 2026 it is 02:30 twice in Berlin, on 29 March never.
    expect(localTime("2026-10-25T02:30", "Europe/Berlin", "from")).toBe(at("2026-10-25T00:30:00Z"));
    expect(localTime("2026-10-25T02:30", "Europe/Berlin", "to")).toBe(at("2026-10-25T01:30:00Z"));
    expect(localTime("2026-03-29T02:30", "Europe/Berlin", "from")).toBe(at("2026-03-29T01:30:00Z"));
  });

  test("lead back to the clock that they were read from", () => {
    const zones = ["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Chatham", "UTC"];
    fc.assert(
      fc.property(fc.constantFrom(...zones), fc.integer({ min: 0, max: 365 * 24 * 2 }), (timeZone, half) => {
        const shown = new Date(at("2026-01-01T00:00:00Z") + half * 30 * 60_000).toISOString().slice(0, 16);
        const moment = localTime(shown, timeZone, "from");
        const back = new Intl.DateTimeFormat("sv-SE", { timeZone, dateStyle: "short", timeStyle: "short" }).format(
          moment ?? 0,
        );
        // An hour that clocks leave out is shown as the one after, or before, it.
        const off = Math.abs(at(`${back.replace(" ", "T")}:00Z`) - at(`${shown}:00Z`));
        expect(off === 0 || off === 3_600_000).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test("know cron expressions from what only looks like them", () => {
    expect(cronObjection("0 18 * * 5", "UTC")).toBeNull();
    expect(cronObjection("61 * * * *", "UTC")).toContain("minute");
    expect(cronObjection("0 0 30 2 *", "UTC")).toContain("never comes");
    expect(cronObjection("* * * * * *", "UTC")).toContain("five fields");
    expect(cronObjection("@daily", "UTC")).toContain("five fields");
  });
});
