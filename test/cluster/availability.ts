import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { aptInstall, canUseApt } from "../../bin/support/apt.mjs";
import { findProgram } from "../../bin/support/programs.mjs";
import { partsUnavailable } from "../parts/build.ts";
import { command, PROGRAM_ENVIRONMENT } from "./machine/command.ts";
import { cniPluginFolder } from "./machine/containerd.ts";

/** The programs that the cluster needs of the machine, each with the Debian package that has it. */
const PROGRAM_PACKAGES = {
  containerd: "containerd",
  ctr: "containerd",
  runc: "runc",
  iptables: "iptables",
  conntrack: "conntrack",
  ip: "iproute2",
  openssl: "openssl",
} as const;
const CNI_PACKAGE = "containernetworking-plugins";

/**
 * Why the whole cluster cannot run on this machine, or null when it can. Installs what is missing where apt can.
 * Asked at the top of a test file, so that the reason stands in the title of what is skipped.
 */
export async function wholeClusterUnavailable(): Promise<string | null> {
  if (process.platform !== "linux") {
    return `a Kubernetes node runs on Linux only, and this is ${process.platform}`;
  }
  if (process.getuid?.() !== 0) {
    return "a Kubernetes node needs root";
  }
  return partsUnavailable() ?? packagesUnavailable() ?? (await kernelUnavailable());
}

function packagesUnavailable(): string | null {
  const missing = missingPackages();
  if (missing.length === 0) {
    return null;
  }
  if (!canUseApt()) {
    return `this machine lacks ${missing.join(", ")}, and has no apt to install them`;
  }
  try {
    aptInstall(missing);
  } catch (error) {
    return `this machine lacks ${missing.join(", ")}: ${String(error)}`;
  }
  const still = missingPackages();
  return still.length === 0 ? null : `${still.join(", ")} installed, yet without the programs the cluster needs`;
}

function missingPackages(): string[] {
  const missing = Object.entries(PROGRAM_PACKAGES)
    .filter(([program]) => findProgram([program], PROGRAM_ENVIRONMENT.PATH) === null)
    .map(([, name]) => name);
  return [...new Set([...missing, ...(cniPluginFolder() === null ? [CNI_PACKAGE] : [])])];
}

/** Whether the kernel lets us have a node: namespaces, a pair of interfaces, iptables, overlay mounts, filtered bridges. */
async function kernelUnavailable(): Promise<string | null> {
  // Where they are built in, or where there is nothing to load them with, the checks below tell.
  await command("modprobe", ["-a", "overlay", "br_netfilter"]).catch(() => {});
  if (!(await readFile("/proc/filesystems", "utf8")).includes("\toverlay\n")) {
    return "the kernel has no overlay file system";
  }
  if (!existsSync("/proc/sys/net/bridge/bridge-nf-call-iptables")) {
    return "the kernel does not pass bridged packets through iptables; load the module br_netfilter";
  }
  try {
    await command("unshare", [
      ...["--mount", "--net", "--pid", "--fork", "--mount-proc", "sh", "-ec"],
      "ip link add probe0 type veth peer name probe1; iptables -t nat -N PROBE; mount -t tmpfs probe /mnt",
    ]);
    return null;
  } catch (error) {
    return `this machine does not let a process have network and mounts of its own (${String(error)})`;
  }
}
