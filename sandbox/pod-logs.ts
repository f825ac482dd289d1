import { appendFile, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { PodLogSource } from "./kubernetes/requests/pod-subresources.ts";
import type { ContainerSpec } from "./node-agent/runtime.ts";

/** Where a runtime keeps what a container says; it outlives the pod, as those that come after it have its name. */
export function logFileOf(folder: string, { pod, name }: Pick<ContainerSpec, "pod" | "name">): string {
  return join(folder, `${pod.namespace}-${pod.name}-${name}.log`);
}

/** One more line of a simulated server, as a real one would have it. */
export async function appendLogLine(folder: string, spec: ContainerSpec, line: string): Promise<void> {
  await appendFile(logFileOf(folder, spec), `time="${new Date().toISOString()}" level=info msg="${line}"\n`);
}

/** The logs in such a folder, for the Kubernetes API. Rejects for a container that was never started. */
export function podLogsIn(folder: string): PodLogSource {
  return async ({ namespace, name }, { container, tailLines }) => {
    const prefix = `${namespace}-${name}-`;
    const file = container === undefined ? await onlyFile(folder, prefix) : `${prefix}${container}.log`;
    const lines = (await readFile(join(folder, file), "utf8")).split("\n").filter((line) => line !== "");
    const shown = tailLines === undefined ? lines : lines.slice(Math.max(0, lines.length - tailLines));
    return shown.map((line) => `${line}\n`).join("");
  };
}

async function onlyFile(folder: string, prefix: string): Promise<string> {
  const [file] = (await readdir(folder)).filter((name) => name.startsWith(prefix));
  if (file === undefined) throw new Error("no container of this pod has been started");
  return file;
}
