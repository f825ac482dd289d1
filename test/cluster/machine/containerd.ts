import { existsSync } from "node:fs";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Machine } from "./machine.ts";
import { until } from "./until.ts";

/** Where Debian's containernetworking-plugins has them, and where most others put them. */
const CNI_PLUGIN_FOLDERS = ["/usr/lib/cni", "/opt/cni/bin"];
const READY_DEADLINE_MS = 60_000;
/** containerd keeps what belongs to Kubernetes apart under this name. */
export const CONTAINERD_NAMESPACE = "k8s.io";

export interface Containerd {
  /** For the kubelet's `containerRuntimeEndpoint`. */
  readonly endpoint: string;
  importImage(archive: string): Promise<void>;
  /** Sends a signal to a container's first process. */
  signal(containerId: string, name: "SIGKILL" | "SIGSTOP" | "SIGCONT"): Promise<void>;
  isRunning(containerId: string): Promise<boolean>;
  /** The kernel's letter for each thread of a container's first process, such as `S` or `T` (stopped); none when it has ended. */
  threadStates(containerId: string): Promise<string[]>;
}

/** Folder of the CNI plugins on this machine, or null when it has none. */
export function cniPluginFolder(): string | null {
  return CNI_PLUGIN_FOLDERS.find((folder) => existsSync(join(folder, "bridge"))) ?? null;
}

export async function startContainerd(
  machine: Machine,
  folder: string,
  sandboxImage: string,
  signal?: AbortSignal,
): Promise<Containerd> {
  const state = stateFolder(folder);
  const socket = join(folder, "containerd.sock");
  const networks = join(folder, "cni");
  const pluginFolder = cniPluginFolder();
  if (pluginFolder === null) {
    throw new Error("no CNI plugins on this machine; install containernetworking-plugins");
  }
  await mkdir(networks);
  await writeFile(join(networks, "10-pods.conflist"), JSON.stringify(podNetwork(machine.network.podRange)));
  const configFile = join(folder, "containerd.toml");
  await writeFile(
    configFile,
    configuration({ root: join(folder, "containerd-root"), state, socket, networks, pluginFolder, sandboxImage }),
  );
  const daemon = await machine.start("containerd", "containerd", ["--config", configFile]);
  const ctr = (...args: string[]) =>
    machine.run("ctr", ["--address", socket, "--namespace", CONTAINERD_NAMESPACE, ...args]);
  await until(async () => await ctr("version"), {
    what: "containerd answers",
    deadlineMs: READY_DEADLINE_MS,
    check: daemon.assertRunning,
    explain: daemon.logTail,
    ...(signal === undefined ? {} : { signal }),
  });
  /** Of a running container's first process, as the node counts; null when it has ended. */
  const processId = async (containerId: string): Promise<string | null> => {
    const row = (await ctr("tasks", "list")).split("\n").find((line) => line.startsWith(containerId));
    const [, pid, status] = row?.trim().split(/\s+/) ?? [];
    return pid !== undefined && status === "RUNNING" ? pid : null;
  };
  return {
    endpoint: `unix://${socket}`,
    importImage: async (archive) => {
      await ctr("images", "import", archive);
    },
    signal: async (containerId, name) => {
      await ctr("tasks", "kill", "--signal", name, containerId);
    },
    isRunning: async (containerId) => (await processId(containerId)) !== null,
    threadStates: async (containerId) => {
      const pid = await processId(containerId);
      if (pid === null) {
        return [];
      }
      const lines = await machine.run("sh", ["-c", `cat /proc/${pid}/task/*/stat`]);
      // The name in parentheses may hold anything, so the state is what follows the last one.
      return lines.split("\n").flatMap((line) => /.*\) (\S)/.exec(line)?.[1] ?? []);
    },
  };
}

/** Ids of the containers that containerd ran last in a cluster's folder, also when all of it was killed since. */
export async function knownContainers(folder: string): Promise<string[]> {
  const tasks = join(stateFolder(folder), "io.containerd.runtime.v2.task", CONTAINERD_NAMESPACE);
  return existsSync(tasks) ? await readdir(tasks) : [];
}

const stateFolder = (folder: string) => join(folder, "containerd-state");

/** One bridge for all pods; pods reach each other, the node and what is beyond it, and are reached by their address. */
function podNetwork(podRange: string) {
  return {
    cniVersion: "0.4.0",
    name: "pods",
    plugins: [
      {
        type: "bridge",
        bridge: "cni0",
        isGateway: true,
        // A pod that calls a Service which leads back to itself gets its answer.
        hairpinMode: true,
        // kube-proxy masquerades where an answer would not find back; beyond that pods are seen by their own address.
        ipMasq: false,
        ipam: { type: "host-local", ranges: [[{ subnet: podRange }]], routes: [{ dst: "0.0.0.0/0" }] },
      },
      { type: "portmap", capabilities: { portMappings: true } },
    ],
  };
}

interface Places {
  readonly root: string;
  readonly state: string;
  readonly socket: string;
  readonly networks: string;
  readonly pluginFolder: string;
  readonly sandboxImage: string;
}

/** `restrict_oom_score_adj`: where this process may not lower its own score, every sandbox would fail to start otherwise. */
function configuration(places: Places): string {
  const cri = 'plugins."io.containerd.grpc.v1.cri"';
  const text = JSON.stringify;
  return `version = 2
root = ${text(places.root)}
state = ${text(places.state)}
[grpc]
  address = ${text(places.socket)}
[${cri}]
  disable_apparmor = true
  restrict_oom_score_adj = true
  sandbox_image = ${text(places.sandboxImage)}
  [${cri}.containerd]
    snapshotter = "overlayfs"
    [${cri}.containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [${cri}.containerd.runtimes.runc.options]
        SystemdCgroup = false
  [${cri}.cni]
    bin_dir = ${text(places.pluginFolder)}
    conf_dir = ${text(places.networks)}
`;
}
