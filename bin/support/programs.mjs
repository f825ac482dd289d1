import { spawnSync } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";

/**
 * The path of the first of these programs that the PATH holds, or null.
 * @param {readonly string[]} names in the order of preference
 * @param {string} [searchPath] the PATH to look in
 * @returns {string | null}
 */
export function findProgram(names, searchPath = process.env.PATH ?? "") {
  for (const name of names) {
    for (const folder of searchPath.split(delimiter)) {
      const path = join(folder, name);
      if (folder !== "" && isExecutable(path)) return path;
    }
  }
  return null;
}

/**
 * @param {string} path
 * @returns {boolean}
 */
export function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** Whether `apt-get` may be used here: Debian or a child of it, as root. */
export function canUseApt() {
  return process.getuid?.() === 0 && findProgram(["apt-get"]) !== null;
}

/** apt waits for another apt that holds its lock (seconds), and the whole installation has a deadline (milliseconds). */
const lockTimeoutSeconds = 120;
const aptDeadlineMs = 300_000;

/**
 * Installs Debian packages as root. Services are kept from starting: RUNLEVEL=1 makes `invoke-rc.d` refuse, so that a
 * Redis of the package does not take port 6379.
 * @param {readonly string[]} packages
 * @returns {{ ok: true } | { ok: false, reason: string }}
 */
export function aptInstall(packages) {
  const environment = { ...process.env, DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" };
  const commands = [["update"], ["install", "-y", "--no-install-recommends", ...packages]];
  for (const command of commands) {
    const done = spawnSync("apt-get", ["-q", "-o", `DPkg::Lock::Timeout=${lockTimeoutSeconds}`, ...command], {
      env: environment,
      stdio: ["ignore", "pipe", "pipe"],
      encoding: "utf8",
      timeout: aptDeadlineMs,
    });
    if (done.status !== 0) {
      const lastWords = `${done.stderr ?? ""}`.trim().split("\n").slice(-3).join(" | ");
      return { ok: false, reason: `apt-get ${command.join(" ")}: ${done.error?.message ?? lastWords}` };
    }
  }
  return { ok: true };
}
