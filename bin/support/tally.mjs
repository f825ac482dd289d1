/**
 * @typedef {{ passed: number, failed: number, skipped: number }} Tally
 */

/** @type {Readonly<Tally>} */
export const nothing = { passed: 0, failed: 0, skipped: 0 };

/**
 * @param {readonly Tally[]} tallies
 * @returns {Tally}
 */
export function sum(tallies) {
  return tallies.reduce(
    (all, one) => ({
      passed: all.passed + one.passed,
      failed: all.failed + one.failed,
      skipped: all.skipped + one.skipped,
    }),
    nothing,
  );
}

/**
 * The one line that a test run ends in.
 * @param {Tally} tally
 * @returns {string}
 */
export function lastLine(tally) {
  const skipped = tally.skipped > 0 ? `, ${tally.skipped} skipped` : "";
  return `${tally.passed} passed, ${tally.failed} failed${skipped}`;
}

/**
 * Counts a run of Vitest. What Vitest calls a failure without a failed test counts as one: a file that could not be
 * loaded, a hook that threw, an error nobody handled, a run in which no test ran, a crash.
 * @param {unknown} report what Vitest's JSON reporter wrote, or null where it wrote nothing
 * @param {number | null} exitCode null: ended by a signal
 * @returns {Tally}
 */
export function tallyOfVitest(report, exitCode) {
  const files = filesOf(report);
  if (files === null) return { passed: 0, failed: 1, skipped: 0 };
  const tally = sum(files.map(tallyOfFile));
  const ran = tally.passed + tally.failed + tally.skipped > 0;
  if (!ran || (exitCode !== 0 && tally.failed === 0)) return { ...tally, failed: 1 };
  return tally;
}

/**
 * @typedef {{ status: string, assertionResults: { status: string }[] }} FileReport
 */

/**
 * @param {unknown} report
 * @returns {FileReport[] | null}
 */
function filesOf(report) {
  if (typeof report !== "object" || report === null || !("testResults" in report)) return null;
  return Array.isArray(report.testResults) ? report.testResults : null;
}

/**
 * @param {FileReport} file
 * @returns {Tally}
 */
function tallyOfFile(file) {
  const count = (/** @type {string} */ status) => file.assertionResults.filter((test) => test.status === status).length;
  const passed = count("passed");
  const failed = count("failed");
  const skipped = file.assertionResults.length - passed - failed;
  return { passed, failed: file.status === "failed" ? Math.max(failed, 1) : failed, skipped };
}
