import { mkdir } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { type Child, startChild } from "./child.ts";
import type { ContainerPod, ContainerRuntime, ContainerSpec, RunningContainer } from "./runtime.ts";

export interface ProcessRuntimeOptions {
  /** Paths of programs by the names that pods use in their `command`; a program not named here is looked up on the PATH. */
  readonly programs: Readonly<Record<string, string>>;
  /** Each container's output is appended to a file here. */
  readonly logFolder: string;
  /** One readiness probe of a container; see `RunningContainer.ready`. */
  readonly ready: (spec: ContainerSpec, signal: AbortSignal) => Promise<boolean>;
  /** What a pod's processes get beside what the pod itself says. */
  readonly environment?: (pod: ContainerPod) => Promise<Record<string, string>>;
}

/**
 * Runs each container's command as a process of this machine. A process shares the machine's file system, so wherever the
 * command, its working directory or its environment name a path below a mount, the folder behind the mount is put in its place.
 */
export class ProcessRuntime implements ContainerRuntime {
  readonly #options: ProcessRuntimeOptions;
  readonly #running = new Set<Child>();

  constructor(options: ProcessRuntimeOptions) {
    this.#options = options;
  }

  async start(spec: ContainerSpec): Promise<RunningContainer> {
    const toFolder = pathTranslation(spec);
    const [program, ...args] = spec.command;
    if (program === undefined) {
      throw new Error(
        `container ${spec.name} of pod ${spec.pod.name} has no command, and a process has no image to take one from`,
      );
    }
    await mkdir(this.#options.logFolder, { recursive: true });
    const given = await this.#options.environment?.(spec.pod);
    const environment = Object.entries({ ...given, ...spec.env }).map(([name, value]) => [name, toFolder(value)]);
    const child = await startChild({
      command: [this.#options.programs[program] ?? program, ...args.map(toFolder)],
      env: { PATH: process.env.PATH ?? ["/usr/bin", "/bin"].join(delimiter), ...Object.fromEntries(environment) },
      cwd: spec.workingDir === undefined ? this.#options.logFolder : toFolder(spec.workingDir),
      logFile: join(this.#options.logFolder, `${spec.pod.namespace}-${spec.pod.name}-${spec.name}.log`),
    });
    this.#running.add(child);
    const exited = child.exited.finally(() => this.#running.delete(child));
    return {
      exited,
      signal: (signal) => child.signal(signal),
      stopped: () => child.stopped(),
      ready: (signal) => this.#options.ready(spec, signal),
    };
  }

  async close(): Promise<void> {
    const running = [...this.#running];
    for (const child of running) {
      child.signal("SIGKILL");
    }
    await Promise.all(running.map((child) => child.exited));
  }
}

/** Replaces mount paths by their folders, the deepest first, so that a mount inside another is found. */
function pathTranslation(spec: ContainerSpec): (text: string) => string {
  const mounts = spec.mounts.toSorted((a, b) => b.mountPath.length - a.mountPath.length);
  return (text) => {
    const mount = mounts.find(({ mountPath }) => text === mountPath || text.startsWith(`${mountPath}/`));
    return mount === undefined ? text : mount.folder + text.slice(mount.mountPath.length);
  };
}
