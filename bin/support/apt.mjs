import { spawnSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { findProgram } from "./programs.mjs";

/** apt waits for another apt that holds its lock (seconds), and each of its commands has a deadline (milliseconds). */
const lockTimeoutSeconds = 120;
const aptDeadlineMs = 300_000;

/** Asked by Debian's packages before they start a service; 101 is "no" (https://people.debian.org/~hmh/invokerc.d-policyrc.d-specification.txt). */
const policyFile = "/usr/sbin/policy-rc.d";
const noServices = "#!/bin/sh\nexit 101\n";

/** Whether `apt-get` may be used here: Debian or a child of it, as root. */
export function canUseApt() {
  return process.getuid?.() === 0 && findProgram(["apt-get"]) !== null;
}

/**
 * Installs Debian packages as root, and lets none of them start a service: a Redis of the package would take port 6379.
 * @param {readonly string[]} packages
 * @throws {Error} with apt's last words
 */
export function aptInstall(packages) {
  withoutServices(() => {
    apt(["update"]);
    apt(["install", "-y", "--no-install-recommends", ...packages]);
  });
}

/**
 * @param {() => void} act
 */
function withoutServices(act) {
  let isOurs = false;
  try {
    writeFileSync(policyFile, noServices, { mode: 0o755, flag: "wx" });
    isOurs = true;
  } catch {
    // The machine has a policy of its own, as every container image of Debian has; that one holds.
  }
  try {
    act();
  } finally {
    if (isOurs) rmSync(policyFile, { force: true });
  }
}

/**
 * @param {readonly string[]} args
 */
function apt(args) {
  const done = spawnSync("apt-get", ["-q", "-o", `DPkg::Lock::Timeout=${lockTimeoutSeconds}`, ...args], {
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
    stdio: ["ignore", "pipe", "pipe"],
    encoding: "utf8",
    timeout: aptDeadlineMs,
  });
  if (done.status === 0) return;
  const lastWords = `${done.stderr ?? ""}`.trim().split("\n").slice(-3).join(" | ");
  throw new Error(`apt-get ${args.join(" ")}: ${done.error?.message ?? lastWords}`);
}
