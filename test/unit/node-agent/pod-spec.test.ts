import { describe, expect, it } from "vitest";
import { expand } from "../../../sandbox/node-agent/pod-spec.ts";

describe("expand", () => {
  it.each([
    ["/etc/dolt/$(POD_NAME).yaml", "/etc/dolt/orders-0.yaml"],
    ["$(UNKNOWN) stays", "$(UNKNOWN) stays"],
    ["$$(POD_NAME) is escaped", "$(POD_NAME) is escaped"],
    ["costs $5", "costs $5"],
  ])("%s becomes %s", (text, expected) => {
    expect(expand(text, { POD_NAME: "orders-0" })).toBe(expected);
  });
});
