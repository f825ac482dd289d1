import type {
  ContainerExit,
  ContainerRuntime,
  ContainerSpec,
  RunningContainer,
} from "../../../../sandbox/node-agent/runtime.ts";

/** `crashes`: it ends with 1 as soon as it was started; `hangs`: it runs and is never ready, where it is probed. */
export type Behaviour = "runs" | "crashes" | "hangs";

/** Containers that do nothing but what a test says. */
export class PlainRuntime implements ContainerRuntime {
  /** Asked at each start and each probe. */
  behaviour: (spec: ContainerSpec) => Behaviour = () => "runs";
  readonly #ends = new Set<(exit: ContainerExit) => void>();

  async start(spec: ContainerSpec): Promise<RunningContainer> {
    const { promise, resolve } = Promise.withResolvers<ContainerExit>();
    const end = (exit: ContainerExit) => {
      this.#ends.delete(end);
      resolve(exit);
    };
    this.#ends.add(end);
    if (this.behaviour(spec) === "crashes") end({ exitCode: 1, signal: null });
    return {
      exited: promise,
      signal: (signal) => {
        if (signal === "SIGTERM") end({ exitCode: 143, signal });
        if (signal === "SIGKILL") end({ exitCode: 137, signal });
      },
      stopped: async () => undefined,
      ready: async () => this.behaviour(spec) === "runs",
    };
  }

  async close(): Promise<void> {
    for (const end of [...this.#ends]) end({ exitCode: 137, signal: "SIGKILL" });
  }
}
