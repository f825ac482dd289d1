import { describe, expect, it } from "vitest";
import { lastLine, sum, tallyOfVitest } from "../../../bin/support/tally.mjs";

const file = (status: string, ...tests: string[]) => ({
  status,
  assertionResults: tests.map((one) => ({ status: one })),
});
const report = (...files: object[]) => ({ testResults: files });

describe("the count of a test run", () => {
  it("counts passed, failed and skipped tests of all files", () => {
    const files = [
      file("passed", "passed", "passed", "skipped"),
      file("failed", "failed", "passed"),
      file("passed", "todo"),
    ];
    expect(tallyOfVitest(report(...files), 1)).toEqual({ passed: 3, failed: 1, skipped: 2 });
  });

  it("counts a file that could not be loaded, or whose hook threw, as one failure", () => {
    expect(tallyOfVitest(report(file("failed"), file("failed", "skipped")), 1)).toEqual({
      passed: 0,
      failed: 2,
      skipped: 1,
    });
  });

  it("counts an error that nobody handled as a failure, though every test passed", () => {
    expect(tallyOfVitest(report(file("passed", "passed")), 1)).toEqual({ passed: 1, failed: 1, skipped: 0 });
    expect(tallyOfVitest(report(file("passed", "passed")), null)).toEqual({ passed: 1, failed: 1, skipped: 0 });
  });

  it("counts a crash, and a run without tests, as a failure", () => {
    expect(tallyOfVitest(null, 1)).toEqual({ passed: 0, failed: 1, skipped: 0 });
    expect(tallyOfVitest(report(), 0)).toEqual({ passed: 0, failed: 1, skipped: 0 });
  });

  it("takes a run in which all tests were skipped for what it is", () => {
    expect(tallyOfVitest(report(file("passed", "skipped")), 0)).toEqual({ passed: 0, failed: 0, skipped: 1 });
  });

  it("is told in one line", () => {
    expect(
      lastLine(
        sum([
          { passed: 2, failed: 0, skipped: 0 },
          { passed: 1, failed: 1, skipped: 0 },
        ]),
      ),
    ).toBe("3 passed, 1 failed");
    expect(lastLine({ passed: 0, failed: 0, skipped: 4 })).toBe("0 passed, 0 failed, 4 skipped");
  });
});
