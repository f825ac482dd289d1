import { existsSync } from "node:fs";
import { aptInstall, canUseApt } from "./apt.mjs";
import { findProgram } from "./programs.mjs";
import { describeError } from "./report.mjs";

/** What a node of Kubernetes needs of its machine, by the Debian package that brings it. */
const programsByPackage = {
  containerd: ["containerd", "ctr"],
  runc: ["runc"],
  iptables: ["iptables"],
  conntrack: ["conntrack"],
  iproute2: ["ip"],
  openssl: ["openssl"],
};
const networkPlugin = { package: "containernetworking-plugins", file: "/usr/lib/cni/bridge" };

/**
 * Installs what is missing for a whole cluster on this machine, where that can be done: Debian, as root. Where it cannot, the tests
 * skip by themselves, each with its reason.
 */
export function bringClusterTools() {
  const missing = missingPackages();
  if (missing.length === 0 || !canUseApt()) return;
  console.log(`Installing ${missing.join(", ")} with apt-get …`);
  try {
    aptInstall(missing);
  } catch (error) {
    console.error(`They could not be installed: ${describeError(error)}`);
  }
}

/** @returns {string[]} */
function missingPackages() {
  const searchPath = `${process.env.PATH ?? ""}:/usr/sbin:/sbin`;
  const missing = Object.entries(programsByPackage)
    .filter(([, programs]) => programs.some((program) => findProgram([program], searchPath) === null))
    .map(([name]) => name);
  return existsSync(networkPlugin.file) ? missing : [...missing, networkPlugin.package];
}
