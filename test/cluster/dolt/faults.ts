import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { V1Pod } from "@kubernetes/client-node";
import type { DoltFaults } from "../../../sandbox/handle.ts";
import { CRASH_ORDER_FILE } from "../images/dolt-image.ts";
import { killAndWait, runningContainer } from "../kubernetes/containers.ts";
import type { Containerd } from "../machine/containerd.ts";
import { until } from "../machine/until.ts";

interface FaultedTarget {
  readonly pods: readonly string[];
  readonly readPod: (pod: string) => Promise<V1Pod>;
  readonly containerd: Containerd;
  /** Holds each pod's volume as a folder of the pod's name. */
  readonly volumesFolder: string;
}

/** A thread stops when it next runs or waits again, which on a busy machine takes its time. */
const STOP_DEADLINE_MS = 20_000;

export function doltFaults({ pods, readPod, containerd, volumesFolder }: FaultedTarget): DoltFaults {
  const frozen = new Set<string>();

  const demandContainer = async (pod: string): Promise<string> => {
    const id = await runningContainer(await readPod(pod), containerd);
    if (id === null) {
      throw new Error(`the server of pod ${pod} does not run now`);
    }
    return id;
  };
  const crashOrder = (pod: string) => join(volumesFolder, pod, CRASH_ORDER_FILE);
  const thaw = async (pod: string): Promise<void> => {
    const id = await runningContainer(await readPod(pod), containerd);
    if (id !== null) {
      await containerd.signal(id, "SIGCONT");
    }
    frozen.delete(pod);
  };

  const crashLoop = async (pod: string, on: boolean): Promise<void> => {
    if (!on) {
      await rm(crashOrder(pod), { force: true });
      return;
    }
    await mkdir(join(volumesFolder, pod), { recursive: true });
    await writeFile(crashOrder(pod), "");
    const id = await runningContainer(await readPod(pod), containerd);
    if (id !== null) {
      await killAndWait(id, containerd);
    }
  };

  return {
    kill: async (pod) => {
      await killAndWait(await demandContainer(pod), containerd);
      frozen.delete(pod);
    },
    crashLoop,
    freeze: async (pod) => {
      const id = await demandContainer(pod);
      await containerd.signal(id, "SIGSTOP");
      frozen.add(pod);
      await until(async () => ((await containerd.threadStates(id)).every((state) => state === "T") ? true : null), {
        what: `every thread of ${pod} has stopped`,
        deadlineMs: STOP_DEADLINE_MS,
        everyMs: 10,
      });
    },
    thaw,
    partition: () => unavailable("a partition"),
    rejoin: () => unavailable("a partition"),
    slowReplication: () => unavailable("slow replication"),
    fullDisk: () => unavailable("a full disk"),
    emptyVolume: async (pod) => {
      const folder = join(volumesFolder, pod);
      await crashLoop(pod, true);
      for (const entry of await readdir(folder)) {
        if (entry !== CRASH_ORDER_FILE) await rm(join(folder, entry), { recursive: true, force: true });
      }
      await crashLoop(pod, false);
    },
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
