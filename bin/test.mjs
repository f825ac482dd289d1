/**
 * `npm test`, `npm run test:real`, `npm run test:cluster`: brings what the tests need, runs them, and ends in the one line
 * `N passed, N failed` (`, N skipped` where any). Exits with 1 on any failure.
 *
 *   node bin/test.mjs [real|cluster] [arguments for Vitest]
 *
 * Without arguments for Vitest `npm test` lints and checks the types too; with some, only the tests they pick are run.
 */
import "./support/old-node.mjs";
import { lintAndTypes, vitest } from "./support/checks.mjs";
import { ensureChromium } from "./support/chromium.mjs";
import { bringClusterTools } from "./support/cluster-tools.mjs";
import { findNode24 } from "./support/node24.mjs";
import { ensurePackages } from "./support/packages.mjs";
import { ensureRedisServer } from "./support/redis.mjs";
import { describeError } from "./support/report.mjs";
import { repositoryRoot } from "./support/repository.mjs";
import { lastLine, nothing, sum } from "./support/tally.mjs";

const suites = /** @type {const} */ ({
  default: ["unit", "conformance", "integration", "chaos", "browser"],
  real: ["real"],
  cluster: ["cluster"],
});

const [first, ...rest] = process.argv.slice(2);
const suite = first === "real" || first === "cluster" ? first : "default";
const passedOn = suite === "default" && first !== undefined ? [first, ...rest] : rest;

/** Ends the run in its last line. */
const finish = (/** @type {import("./support/tally.mjs").Tally} */ tally) => {
  console.log(lastLine(tally));
  process.exitCode = tally.failed > 0 ? 1 : 0;
};

/** What the tests find in their environment, so that they use the programs that were found or brought here. */
function bringPrograms() {
  const environment = { HANDOVER_REDIS_SERVER: ensureRedisServer() };
  if (suite === "cluster") bringClusterTools();
  if (suite !== "default") return environment;
  try {
    return { ...environment, HANDOVER_CHROMIUM: ensureChromium() };
  } catch (error) {
    console.error(`The browser tests are skipped: ${describeError(error)}`);
    return environment;
  }
}

try {
  ensurePackages(repositoryRoot);
  const node = findNode24(repositoryRoot);
  const environment = bringPrograms();
  const checked = suite === "default" && passedOn.length === 0 ? await lintAndTypes(repositoryRoot, node) : [];
  const tested = await vitest(repositoryRoot, node, suites[suite], passedOn, environment);
  finish(sum([...checked, tested]));
} catch (error) {
  console.error(describeError(error));
  finish({ ...nothing, failed: 1 });
}
