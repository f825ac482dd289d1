import { setTimeout as sleep } from "node:timers/promises";
import type { V1Container, V1Pod, V1PodStatus } from "@kubernetes/client-node";
import { RestartBackOff, type RestartTimes } from "./back-off.ts";
import { type ContainerState, podStatus, type Termination } from "./pod-status.ts";
import { watchReadiness } from "./readiness.ts";
import type { ContainerExit, ContainerSignal, ContainerSpec, RunningContainer } from "./runtime.ts";

const REPORT_RETRY_MS = 200;

/** What a pod's worker needs of the agent. */
export interface PodWorkerHost {
  /** Resolves a container's specification at each of its starts; throws when something it names is missing. */
  resolve(container: V1Container): Promise<ContainerSpec>;
  start(spec: ContainerSpec): Promise<RunningContainer>;
  /** Reports the pod's whole status. Resolves to false when that has to be tried again; never rejects. */
  report(status: V1PodStatus): Promise<boolean>;
  /** How long a new pod takes before its containers start: what pulling images and making a network take on a real node. */
  readonly startDelayMs: number;
  readonly restartTimes: RestartTimes;
  /** How often a container that is not ready yet is probed. */
  readonly probeUntilReadyMs: number;
  /** Whether a container is to be killed as soon as it was started. */
  crashes(): boolean;
}

/** Runs the containers of one pod from its binding to its end: starts, probes, restarts and ends them, and reports. */
export class PodWorker {
  readonly pod: V1Pod;
  readonly ip: string;
  readonly #host: PodWorkerHost;
  readonly #ending = new AbortController();
  readonly #startedAt = new Date();
  readonly #containers: Map<string, ContainerState>;
  readonly #running = new Map<string, RunningContainer>();
  readonly #backOffs = new Map<string, RestartBackOff>();
  readonly #done: Promise<unknown>;
  #reported: V1PodStatus | undefined;
  #reporting: Promise<void> | undefined;
  #reportAgain = false;

  constructor(pod: V1Pod, ip: string, host: PodWorkerHost) {
    this.pod = pod;
    this.ip = ip;
    this.#host = host;
    const containers = pod.spec?.containers ?? [];
    this.#containers = new Map(containers.map((container) => [container.name, newContainer(container)]));
    this.#report();
    this.#done = Promise.all(containers.map((container) => this.#run(container)));
  }

  /** SIGKILL to every container that runs; resolves when those have ended. They are started again as after any other end. */
  async kill(): Promise<void> {
    const running = [...this.#running.values()];
    this.#signal("SIGKILL");
    await Promise.all(running.map((container) => container.exited));
  }

  /** Stops every container that runs where it stands, and resolves when they do: their connections stay open and nothing answers. */
  async freeze(): Promise<void> {
    const running = [...this.#running.values()];
    this.#signal("SIGSTOP");
    await Promise.all(running.map((container) => container.stopped()));
  }

  thaw(): void {
    this.#signal("SIGCONT");
  }

  /** Puts a change of `crashes` into force: kills what runs, or starts at once what waits for its back-off. */
  async crash(on: boolean): Promise<void> {
    if (on) {
      await this.kill();
      return;
    }
    for (const backOff of this.#backOffs.values()) {
      backOff.forget();
    }
  }

  /** SIGTERM, the grace period, SIGKILL; resolves when every container has ended. Calling it again only shortens the grace. */
  async end(graceMs: number): Promise<void> {
    this.#ending.abort();
    this.#signal("SIGTERM");
    const kill = setTimeout(() => this.#signal("SIGKILL"), graceMs);
    try {
      await this.#done;
    } finally {
      clearTimeout(kill);
    }
    await this.#reporting;
  }

  #signal(signal: ContainerSignal): void {
    for (const container of this.#running.values()) {
      container.signal(signal);
    }
  }

  async #run(container: V1Container): Promise<void> {
    const { signal } = this.#ending;
    const backOff = new RestartBackOff(this.#host.restartTimes);
    this.#backOffs.set(container.name, backOff);
    await pause(this.#host.startDelayMs, signal);
    while (!signal.aborted) {
      const termination = await this.#runOnce(container);
      if (signal.aborted || !restarts(this.pod, termination.exit)) {
        this.#set(container.name, { now: { kind: "terminated", ...termination }, ready: false });
        return;
      }
      const waitMs = backOff.next(termination);
      if (waitMs > 0) {
        this.#set(container.name, { now: crashLoop(waitMs, container, this.pod), last: termination, ready: false });
        await backOff.wait(waitMs, signal);
      }
      const before = this.#containers.get(container.name)?.restarts ?? 0;
      this.#set(container.name, { last: termination, restarts: before + 1, ready: false });
    }
  }

  /** Starts the container and waits until it has ended. A start that fails counts as an end with exit code 128. */
  async #runOnce(container: V1Container): Promise<Termination> {
    const startedAt = new Date();
    const exit = await this.#startAndWait(container, startedAt);
    return { exit, startedAt, finishedAt: new Date() };
  }

  async #startAndWait(container: V1Container, startedAt: Date): Promise<ContainerExit> {
    let running: RunningContainer;
    try {
      running = await this.#host.start(await this.#host.resolve(container));
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#set(container.name, { now: { kind: "waiting", reason: "CreateContainerError", message }, ready: false });
      return { exitCode: 128, signal: null };
    }
    this.#running.set(container.name, running);
    if (this.#host.crashes()) {
      running.signal("SIGKILL");
    } else if (this.#ending.signal.aborted) {
      running.signal("SIGTERM");
    }
    this.#set(container.name, { now: { kind: "running", startedAt }, ready: false });
    const probing = watchReadiness(container, running, this.#host.probeUntilReadyMs, (ready) =>
      this.#set(container.name, { ready }),
    );
    const exit = await running.exited;
    this.#running.delete(container.name);
    await probing.stop();
    return exit;
  }

  #set(name: string, change: Partial<ContainerState>): void {
    const state = this.#containers.get(name);
    if (state !== undefined) {
      this.#containers.set(name, { ...state, ...change });
      this.#report();
    }
  }

  /** One report at a time, each with what is true when it is sent. */
  #report(): void {
    this.#reportAgain = true;
    this.#reporting ??= this.#sendReports();
  }

  async #sendReports(): Promise<void> {
    while (this.#reportAgain) {
      this.#reportAgain = false;
      const containers = [...this.#containers.values()];
      this.#reported = podStatus(this.pod, this.ip, this.#startedAt, containers, this.#reported, new Date());
      if (!(await this.#host.report(this.#reported)) && !this.#ending.signal.aborted) {
        this.#reportAgain = true;
        await pause(REPORT_RETRY_MS, this.#ending.signal);
      }
    }
    this.#reporting = undefined;
  }
}

function newContainer(container: V1Container): ContainerState {
  return {
    name: container.name,
    image: container.image ?? "",
    now: { kind: "waiting", reason: "ContainerCreating" },
    last: undefined,
    ready: false,
    restarts: 0,
  };
}

function restarts(pod: V1Pod, exit: ContainerExit): boolean {
  switch (pod.spec?.restartPolicy) {
    case "Never":
      return false;
    case "OnFailure":
      return exit.exitCode !== 0;
    default:
      return true;
  }
}

/** The words of a real kubelet. */
function crashLoop(waitMs: number, container: V1Container, pod: V1Pod): ContainerState["now"] {
  const { name, namespace, uid } = pod.metadata ?? {};
  return {
    kind: "waiting",
    reason: "CrashLoopBackOff",
    message: `back-off ${waitMs / 1000}s restarting failed container=${container.name} pod=${name}_${namespace}(${uid})`,
  };
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (ms > 0) {
    // An abort only ends the wait early; the caller looks at the signal.
    await sleep(ms, undefined, { signal }).catch(() => {});
  }
}
