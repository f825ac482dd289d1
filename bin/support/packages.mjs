import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { findProgram } from "./programs.mjs";

/**
 * Runs `npm ci` where node_modules is missing or does not hold what package-lock.json asks for.
 * Times of files are not compared: a checkout or a formatter touches the lock, and `npm ci` under running tests would
 * take their packages away.
 * @param {string} root
 * @param {NodeJS.WriteStream & { fd: number }} [output] where progress is told: a command whose stdout is read by programs says stderr
 * @throws {Error} when npm is missing or fails
 */
export function ensurePackages(root, output = process.stdout) {
  const wanted = readLock(join(root, "package-lock.json"));
  if (wanted === null)
    throw new Error(`${join(root, "package-lock.json")} is missing or broken. Check out the project again.`);
  const stale = firstStalePackage(wanted, readLock(join(root, "node_modules", ".package-lock.json")));
  if (stale === null) return;
  output.write(`Installing packages with npm ci (${stale}) …\n`);
  const { program, args } = npmCommand();
  const done = spawnSync(program, [...args, "ci", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: root,
    stdio: ["ignore", output.fd, "inherit"],
  });
  if (done.status !== 0) {
    throw new Error(`npm ci failed (${done.error?.message ?? `exit code ${done.status}`}). Its own words stand above.`);
  }
}

/**
 * @typedef {{ version?: string, integrity?: string, optional?: boolean, devOptional?: boolean, peer?: boolean }} LockedPackage
 * @typedef {Record<string, LockedPackage>} Lock packages by their path in the project, as npm's lock files hold them
 */

/**
 * Why the packages in place are not those of the lock, or null where they are. Optional packages may be absent: those for
 * another system always are.
 * @param {Lock} wanted of package-lock.json
 * @param {Lock | null} installed of node_modules/.package-lock.json, which npm writes as its last act
 * @returns {string | null}
 */
export function firstStalePackage(wanted, installed) {
  if (installed === null) return "nothing is installed yet";
  for (const [path, entry] of Object.entries(wanted)) {
    if (path === "") continue;
    const present = installed[path];
    if (present === undefined) {
      if (entry.optional || entry.devOptional || entry.peer) continue;
      return `${path} is missing`;
    }
    if (present.version !== entry.version) return `${path} is ${present.version}, not ${entry.version}`;
  }
  return null;
}

/**
 * @param {string} path
 * @returns {Lock | null} null where the file is missing or is no lock
 */
function readLock(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8")).packages ?? null;
  } catch {
    return null;
  }
}

/** npm, run by the Node that npm itself came with: the one in node_modules goes away while `npm ci` works. */
function npmCommand() {
  const { npm_execpath: script, npm_node_execpath: node } = process.env;
  if (script?.endsWith("npm-cli.js") && node) return { program: node, args: [script] };
  const npm = findProgram(["npm"]);
  if (npm === null)
    throw new Error("npm is not on the PATH, and the packages are not installed. Install npm, then run this again.");
  return { program: npm, args: [] };
}
