import { describe, expect, it } from "vitest";
import { firstStalePackage } from "../../../bin/support/packages.mjs";

const wanted = {
  "": { version: "0.1.0" },
  "node_modules/zod": { version: "4.6.7" },
  "node_modules/only-for-darwin": { version: "1.0.0", optional: true },
};

describe("whether packages must be installed", () => {
  it("is no where all of the lock is in place, but for optional packages", () => {
    expect(firstStalePackage(wanted, { "node_modules/zod": { version: "4.6.7" } })).toBeNull();
  });

  it("is yes where nothing is installed, a package is missing, or is of another version", () => {
    expect(firstStalePackage(wanted, null)).toBe("nothing is installed yet");
    expect(firstStalePackage(wanted, {})).toBe("node_modules/zod is missing");
    expect(firstStalePackage(wanted, { "node_modules/zod": { version: "4.0.0" } })).toBe(
      "node_modules/zod is 4.0.0, not 4.6.7",
    );
    const old = { "node_modules/zod": { version: "4.6.7" }, "node_modules/only-for-darwin": { version: "0.9.0" } };
    expect(firstStalePackage(wanted, old)).toBe("node_modules/only-for-darwin is 0.9.0, not 1.0.0");
  });
});
