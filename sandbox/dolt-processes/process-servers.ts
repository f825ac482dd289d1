import { access, constants } from "node:fs/promises";
import { join } from "node:path";
import type { DoltNode, DoltServers } from "../dolt-servers.ts";
import type { DoltTarget, DoltTargetSpec } from "../handle.ts";
import { ProcessRuntime } from "../node-agent/process-runtime.ts";
import { ProcessTarget } from "./process-target.ts";
import { answersQuery } from "./sql-ready.ts";
import { Volumes } from "./volumes.ts";

export interface ProcessServersOptions {
  /** Path of `dolt`. */
  readonly binary: string;
  /** Size of each pod's volume, which can then be filled (`faults.fullDisk`). Takes root. Undefined: plain folders. */
  readonly volumeBytes: number | undefined;
  readonly volumesFolder: string;
  /** Each server's output is kept here. */
  readonly logFolder: string;
}

/** Real Dolt servers, each a process of this machine. */
export class ProcessServers implements DoltServers {
  readonly runtime: ProcessRuntime;
  readonly #options: ProcessServersOptions;
  readonly #targets: ProcessTarget[] = [];

  private constructor(options: ProcessServersOptions) {
    this.#options = options;
    const { binary, logFolder } = options;
    this.runtime = new ProcessRuntime({
      programs: { dolt: binary },
      logFolder,
      ready: answersQuery,
      environment: ({ namespace, name }) => this.#environmentOf(namespace, name),
    });
  }

  /** Throws when the binary cannot be run: a pod would only say so in its status. */
  static async prepare(options: ProcessServersOptions): Promise<ProcessServers> {
    await access(options.binary, constants.X_OK).catch((cause: unknown) => {
      throw new Error(`${options.binary} is no program that can be run; give the path of a dolt binary`, { cause });
    });
    return new ProcessServers(options);
  }

  async createTarget(spec: DoltTargetSpec, node: DoltNode): Promise<DoltTarget> {
    const { volumesFolder, volumeBytes } = this.#options;
    const volumes = new Volumes(join(volumesFolder, spec.namespace, spec.name), volumeBytes);
    const target = new ProcessTarget(spec, node, volumes);
    this.#targets.push(target);
    await target.bringUp();
    return target;
  }

  async close(): Promise<void> {
    await Promise.all(this.#targets.splice(0).map((target) => target.close()));
  }

  async #environmentOf(namespace: string, pod: string): Promise<Record<string, string>> {
    for (const target of this.#targets) {
      const environment = await target.environmentOf(namespace, pod);
      if (environment !== null) return environment;
    }
    return {};
  }
}
