import { describe, expect, it } from "vitest";
import { oneLine } from "../../../src/adapters/kubernetes/one-line.ts";

describe("what another program wrote", () => {
  it.each([
    ["a\n  b\tc ", "a b c"],
    ["Authorization: Bearer abc.def", "Authorization: [hidden]"],
    ["CREATE USER x IDENTIFIED BY 'hunter2'", "CREATE USER x IDENTIFIED BY [hidden]"],
    ["started with --password=hunter2 --port=1", "started with --password=[hidden] --port=1"],
    ['{"password": "hunter2", "port": 1}', '{"password": [hidden], "port": 1}'],
    ["dial mysql://root:hunter2@dolt-0:3306", "dial mysql://root:[hidden]@dolt-0:3306"],
  ])("is one line without secrets: %j", (text, expected) => {
    expect(oneLine(text)).toBe(expected);
  });

  it("is cut where it is long", () => {
    expect(oneLine("x".repeat(1_000))).toHaveLength(240);
  });
});
