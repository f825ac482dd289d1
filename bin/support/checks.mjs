import { randomUUID } from "node:crypto";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runChild } from "./child.mjs";
import { environmentFor } from "./node24.mjs";
import { tallyOfVitest } from "./tally.mjs";

/** @typedef {import("./tally.mjs").Tally} Tally */

/**
 * The linter and the compiler, each of which counts as one test.
 * @param {string} root
 * @param {string} node a Node 24
 * @returns {Promise<Tally[]>}
 */
export async function lintAndTypes(root, node) {
  const checks = [
    { name: "lint (biome check)", program: "biome", args: ["check", "."] },
    { name: "types (tsc)", program: "tsc", args: ["--noEmit"] },
  ];
  const tallies = [];
  for (const check of checks) {
    const { code } = await runChild(join(root, "node_modules", ".bin", check.program), check.args, {
      cwd: root,
      env: environmentFor(node),
    });
    console.log(`${code === 0 ? "✓" : "✗"} ${check.name}`);
    tallies.push({ passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0 });
  }
  return tallies;
}

/**
 * Runs projects of vitest.config.ts and counts their tests.
 * @param {string} root
 * @param {string} node a Node 24
 * @param {readonly string[]} projects
 * @param {readonly string[]} passedOn further arguments for Vitest
 * @param {NodeJS.ProcessEnv} environment what the tests find in theirs, beside our own
 * @returns {Promise<Tally>}
 */
export async function vitest(root, node, projects, passedOn, environment) {
  const reportPath = join(tmpdir(), `handover-vitest-${randomUUID()}.json`);
  const args = [
    join(root, "node_modules", "vitest", "vitest.mjs"),
    "run",
    ...projects.flatMap((project) => ["--project", project]),
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${reportPath}`,
    ...passedOn,
  ];
  try {
    const { code } = await runChild(node, args, { cwd: root, env: { ...environmentFor(node), ...environment } });
    return tallyOfVitest(existsSync(reportPath) ? JSON.parse(readFileSync(reportPath, "utf8")) : null, code);
  } finally {
    rmSync(reportPath, { force: true });
  }
}
