/**
 * The node, as a machine of its own: a mount, network and process namespace in which containerd, the control plane, the
 * kubelet and every pod live.
 *
 * All that a Kubernetes node leaves behind on a machine (mounts, bridges, iptables chains, kernel settings, files below
 * /var/lib and /run, orphaned containers) belongs to these namespaces, so the end of their first process ends all of it,
 * in the kernel, however the test ends: that process dies with the test's process, a SIGKILL included.
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { killAndWait, spawnTied, waitForLine } from "../../../sandbox/tied-process.ts";
import { command } from "./command.ts";
import { type Daemon, startDaemon } from "./daemon.ts";
import type { ClusterNetwork } from "./network.ts";
import { until } from "./until.ts";

export interface Machine {
  readonly network: ClusterNetwork;
  /** Runs a command on the node to its end, and gives its standard output. */
  run(file: string, args: readonly string[], signal?: AbortSignal): Promise<string>;
  /** Starts a long-running program on the node; it ends with the machine. */
  start(name: string, file: string, args: readonly string[]): Promise<Daemon>;
  /** Ends every process on the node and waits until the kernel has taken the node's network away. Safe to call twice. */
  close(): Promise<void>;
}

/** The kubelet sets these for the whole kernel; a copy of each is bound over it, so that the machine keeps its own. */
const KERNEL_SETTINGS_OF_THE_KUBELET = [
  "vm/overcommit_memory",
  "vm/panic_on_oom",
  "kernel/panic",
  "kernel/panic_on_oops",
  "kernel/keys/root_maxkeys",
  "kernel/keys/root_maxbytes",
];

const READY_DEADLINE_MS = 10_000;
const END_DEADLINE_MS = 20_000;

/**
 * @param folder where everything of the node is kept; not below /var or /run, which the node sees as its own
 * @param firstProcess a program that prints a line when it runs, reaps orphans and does nothing else
 */
export async function startMachine(folder: string, firstProcess: string, network: ClusterNetwork): Promise<Machine> {
  const namespaces = await openNamespaces(firstProcess);
  const enter = ["--target", String(namespaces.pid), "--mount", "--net", "--pid", "--"];
  const daemons: Daemon[] = [];
  const machine: Machine = {
    network,
    run: (file, args, signal) => command("nsenter", [...enter, file, ...args], signal),
    start: async (name, file, args) => {
      const daemon = await startDaemon(name, "nsenter", [...enter, file, ...args], join(folder, "log", `${name}.log`));
      daemons.push(daemon);
      return daemon;
    },
    close: async () => {
      await namespaces.end();
      await Promise.all(daemons.map((daemon) => daemon.ended));
      await until(async () => ((await linkExists(network.link)) ? null : true), {
        what: `the network interface ${network.link} is gone`,
        deadlineMs: END_DEADLINE_MS,
      });
    },
  };
  try {
    await separateFolders(machine, folder);
    await joinNetwork(machine, namespaces.pid);
  } catch (error) {
    await machine.close();
    throw error;
  }
  return machine;
}

interface Namespaces {
  /** Their first process, by the id that this machine has for it. */
  readonly pid: number;
  end(): Promise<void>;
}

async function openNamespaces(firstProcess: string): Promise<Namespaces> {
  const child = spawnTied(
    "unshare",
    [
      ...["--mount", "--net", "--pid", "--fork", "--kill-child=KILL", "--mount-proc", "--propagation", "private"],
      firstProcess,
    ],
    { stdio: ["ignore", "pipe", "pipe"] },
  );
  try {
    await waitForLine(child, (line) => line === "ready", READY_DEADLINE_MS);
    const pid = Number((await readFile(`/proc/${child.pid}/task/${child.pid}/children`, "utf8")).trim());
    return {
      pid,
      end: async () => {
        await killAndWait(child);
        // The namespaces end with their first process, which outlives `unshare` by a moment.
        await until(async () => ((await processExists(pid)) ? null : true), {
          what: `process ${pid} of the node has ended`,
          deadlineMs: END_DEADLINE_MS,
        });
      },
    };
  } catch (error) {
    await killAndWait(child);
    throw error;
  }
}

/** Gives the node its own /var, /run and kernel settings, all kept in the cluster's folder. */
async function separateFolders(machine: Machine, folder: string): Promise<void> {
  const settings = join(folder, "sysctl");
  for (const path of ["var/lib", "var/log", "var/tmp", "run", "log", "sysctl"]) {
    await mkdir(join(folder, path), { recursive: true });
  }
  for (const setting of KERNEL_SETTINGS_OF_THE_KUBELET) {
    const copy = join(settings, setting.replaceAll("/", "."));
    await writeFile(copy, await readFile(`/proc/sys/${setting}`, "utf8"));
    await machine.run("mount", ["--bind", copy, `/proc/sys/${setting}`]);
  }
  await machine.run("mount", ["--bind", join(folder, "var"), "/var"]);
  await machine.run("mount", ["--bind", join(folder, "run"), "/run"]);
}

/** Ties the node to this machine by a pair of interfaces; the pair vanishes with the node. */
async function joinNetwork(machine: Machine, pid: number): Promise<void> {
  const { link, range, nodeAddress, machineAddress } = machine.network;
  await command("ip", ["link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", String(pid)]);
  await machine.run("ip", ["link", "set", "lo", "up"]);
  await machine.run("ip", ["address", "add", `${nodeAddress}/30`, "dev", "eth0"]);
  await machine.run("ip", ["link", "set", "eth0", "up"]);
  await machine.run("ip", ["route", "add", "default", "via", machineAddress]);
  await machine.run("sh", ["-c", "echo 1 > /proc/sys/net/ipv4/ip_forward"]);
  await command("ip", ["address", "add", `${machineAddress}/30`, "dev", link]);
  await command("ip", ["link", "set", link, "up"]);
  await command("ip", ["route", "add", range, "via", nodeAddress, "dev", link]);
}

async function linkExists(link: string): Promise<boolean> {
  return (await command("ip", ["-brief", "link", "show"])).split("\n").some((line) => line.startsWith(`${link}@`));
}

async function processExists(pid: number): Promise<boolean> {
  return readFile(`/proc/${pid}/stat`, "utf8").then(
    // A zombie has ended; that its parent has not collected it yet is no process of the node any more.
    (stat) => !/\) Z /.test(stat),
    () => false,
  );
}
