import { describe, expect, it } from "vitest";
import { parseDurationMs } from "../../../src/domain/duration.ts";

describe("a length of time as people type it", () => {
  it.each([
    ["30", 30_000],
    ["30s", 30_000],
    ["2m", 120_000],
    ["1m30s", 90_000],
    ["0.5h", 1_800_000],
    ["250ms", 250],
    ["1h1m1s", 3_661_000],
  ])("%s", (text, ms) => {
    expect(parseDurationMs(text)).toBe(ms);
  });

  it.each(["", "0", "0s", "-1", "1d", "s", "1 m", "m2", "1m30", "1,5s", "NaN", "1e3"])("not “%s”", (text) => {
    expect(parseDurationMs(text)).toBeNull();
  });
});
