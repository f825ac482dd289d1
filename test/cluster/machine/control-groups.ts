/**
 * The control groups of containers: directories that stay when the processes in them were killed. containerd puts them
 * all below the name of its namespace, in every hierarchy.
 */
import { readdir, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { CONTAINERD_NAMESPACE, knownContainers } from "./containerd.ts";
import { until } from "./until.ts";

const ROOT = "/sys/fs/cgroup";
/** A group counts as busy for a moment after its last process has ended. */
const EMPTY_DEADLINE_MS = 20_000;

/** Removes the groups of the containers of the cluster in this folder, once those have ended; and the parent if nobody else uses it. */
export async function removeControlGroups(folder: string): Promise<void> {
  const containers = await knownContainers(folder);
  for (const hierarchy of await hierarchies()) {
    const parent = join(hierarchy, CONTAINERD_NAMESPACE);
    for (const container of containers) {
      await until(() => removeGroup(join(parent, container), ["ENOENT"]), {
        what: `the control group of container ${container} is removed`,
        deadlineMs: EMPTY_DEADLINE_MS,
      });
    }
    await removeGroup(parent, ["ENOENT", "EBUSY", "ENOTEMPTY"]);
  }
}

/** With version 2 the one at the root; with version 1 one for each controller. */
async function hierarchies(): Promise<string[]> {
  const entries = await readdir(ROOT, { withFileTypes: true });
  return [ROOT, ...entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(ROOT, name))];
}

/** Removes a group without processes and without groups below it. The errors in `fine` are left alone. */
async function removeGroup(group: string, fine: readonly string[]): Promise<true> {
  try {
    await rmdir(group);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && fine.includes(String(error.code)))) {
      throw error;
    }
  }
  return true;
}
