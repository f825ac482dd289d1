import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { V1Pod } from "@kubernetes/client-node";
import type { DoltFaults } from "../../../sandbox/handle.ts";
import { CRASH_ORDER_FILE } from "../images/dolt-image.ts";
import type { Containerd } from "../machine/containerd.ts";
import { until } from "../machine/until.ts";

interface FaultedTarget {
  readonly pods: readonly string[];
  readonly readPod: (pod: string) => Promise<V1Pod>;
  readonly containerd: Containerd;
  /** Holds each pod's volume as a folder of the pod's name. */
  readonly volumesFolder: string;
}

const END_DEADLINE_MS = 20_000;

export function doltFaults({ pods, readPod, containerd, volumesFolder }: FaultedTarget): DoltFaults {
  const frozen = new Set<string>();

  /** Of the container that runs now, as the kubelet last reported it; null while none does. */
  const runningContainer = async (pod: string): Promise<string | null> => {
    const status = (await readPod(pod)).status?.containerStatuses?.find(({ name }) => name === "dolt");
    const id = status?.containerID?.replace(/^containerd:\/\//, "");
    return id !== undefined && (await containerd.isRunning(id)) ? id : null;
  };
  const demandContainer = async (pod: string): Promise<string> => {
    const id = await runningContainer(pod);
    if (id === null) {
      throw new Error(`the server of pod ${pod} does not run now`);
    }
    return id;
  };
  const kill = async (id: string): Promise<void> => {
    await containerd.signal(id, "SIGKILL");
    await until(async () => ((await containerd.isRunning(id)) ? null : true), {
      what: `the container ${id} has ended`,
      deadlineMs: END_DEADLINE_MS,
    });
  };
  const crashOrder = (pod: string) => join(volumesFolder, pod, CRASH_ORDER_FILE);
  const thaw = async (pod: string): Promise<void> => {
    const id = await runningContainer(pod);
    if (id !== null) {
      await containerd.signal(id, "SIGCONT");
    }
    frozen.delete(pod);
  };

  return {
    kill: async (pod) => {
      await kill(await demandContainer(pod));
      frozen.delete(pod);
    },
    crashLoop: async (pod, on) => {
      if (!on) {
        await rm(crashOrder(pod), { force: true });
        return;
      }
      await mkdir(join(volumesFolder, pod), { recursive: true });
      await writeFile(crashOrder(pod), "");
      const id = await runningContainer(pod);
      if (id !== null) {
        await kill(id);
      }
    },
    freeze: async (pod) => {
      await containerd.signal(await demandContainer(pod), "SIGSTOP");
      frozen.add(pod);
    },
    thaw,
    partition: () => unavailable("a partition"),
    slowReplication: () => unavailable("slow replication"),
    fullDisk: () => unavailable("a full disk"),
    heal: async () => {
      for (const pod of frozen) {
        await thaw(pod);
      }
      for (const pod of pods) {
        await rm(crashOrder(pod), { force: true });
      }
    },
  };
}

function unavailable(fault: string): Promise<never> {
  return Promise.reject(
    new Error(`${fault} is not available in the whole cluster; use the sandbox or the cluster of test/real`),
  );
}
