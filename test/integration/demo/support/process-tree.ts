import { readdir, readFile } from "node:fs/promises";

/** A process of this machine; the start tells it from a later one that got the same id. */
export interface ProcessId {
  readonly pid: number;
  /** In clock ticks since the machine's start. */
  readonly started: string;
  readonly command: string;
}

/** A process and everything it started, directly or not, as Linux has it now (https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html). */
export async function processTree(root: number): Promise<ProcessId[]> {
  const all = (await Promise.all((await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(read))).flat();
  const tree = all.filter(({ pid }) => pid === root);
  for (const { pid } of tree) tree.push(...all.filter((one) => one.parent === pid));
  return tree;
}

/** Those of them that have not ended. */
export async function alive(processes: readonly ProcessId[]): Promise<ProcessId[]> {
  const now = (await Promise.all(processes.map(({ pid }) => read(`${pid}`)))).flat();
  return now.filter((one) => processes.some(({ pid, started }) => pid === one.pid && started === one.started));
}

/** Empty for a process that has ended, be it reaped or not. */
async function read(pid: string): Promise<(ProcessId & { readonly parent: number })[]> {
  try {
    const [stat, command] = await Promise.all([
      readFile(`/proc/${pid}/stat`, "utf8"),
      readFile(`/proc/${pid}/cmdline`, "utf8"),
    ]);
    // The name in parentheses may hold anything; the fields behind it are numbered from 3.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const [state, parent, started] = [fields[0], fields[1], fields[19]];
    if (state === "Z" || state === "X" || started === undefined) return [];
    return [{ pid: Number(pid), parent: Number(parent), started, command: command.replaceAll("\0", " ").trim() }];
  } catch {
    return [];
  }
}
