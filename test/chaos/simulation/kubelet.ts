import { parseServerConfig } from "../../../sandbox/dolt/cluster/config.ts";
import { Volume } from "../../../sandbox/dolt/engine/volume.ts";
import type { ReplicationNetwork } from "../../../sandbox/dolt/network.ts";
import { type SimulatedDolt, startSimulatedDolt } from "../../../sandbox/dolt/server.ts";
import { type JsonObject, objectAt, textAt } from "../../../sandbox/kubernetes/json.ts";
import type { KubeObject } from "../../../sandbox/kubernetes/object.ts";
import { CONFIG_MAPS, PODS } from "../../../sandbox/kubernetes/resources.ts";
import type { Registry } from "../../../sandbox/kubernetes/store/registry.ts";
import type { Random } from "../random.ts";
import type { VirtualTime } from "./virtual-time.ts";

export interface KubeletOptions {
  readonly registry: Registry;
  readonly network: ReplicationNetwork;
  readonly time: VirtualTime;
  readonly random: Random;
  readonly namespace: string;
  readonly configMap: string;
  readonly rootPassword: string;
}

interface Pod {
  readonly name: string;
  readonly uid: string;
  readonly ip: string;
  server: SimulatedDolt | null;
  /** The server runs, and the container is Ready. */
  isReady: boolean;
  restarts: number;
  hasEndedBefore: boolean;
  isDeleting: boolean;
  reportedUntilMs: number;
}

/** Runs the pods of one namespace, each a simulated Dolt server on the volume of its name, and reports what they are. */
export class SimulatedKubelet {
  readonly #options: KubeletOptions;
  readonly #pods = new Map<string, Pod>();
  readonly #volumes = new Map<string, Volume>();
  readonly #crashing = new Set<string>();
  readonly #frozen = new Set<string>();
  readonly #stopListening: () => void;
  #addresses = 0;

  constructor(options: KubeletOptions) {
    this.#options = options;
    const { registry, time } = options;
    // Listeners must not write themselves.
    this.#stopListening = registry.store.listen(PODS, ({ object, type }) => {
      time.at(1, () => this.#seen(object, type === "DELETED"));
    });
  }

  /** The server of a pod that runs now; null while it is down. */
  serverOf(name: string): SimulatedDolt | null {
    return this.#podNamed(name)?.server ?? null;
  }

  /** The server that listens at this address; null when nobody does. */
  serverAt(ip: string): SimulatedDolt | null {
    return this.#podAt(ip)?.server ?? null;
  }

  nameAt(ip: string): string | null {
    return this.#podAt(ip)?.name ?? null;
  }

  addressOf(name: string): string | null {
    return this.#podNamed(name)?.ip ?? null;
  }

  /** Ids in table `t` of a database on a pod's volume, whether its server runs or not. */
  heldBy(name: string, database: string): ReadonlySet<number> {
    const state = this.#volumes.get(name)?.databases.get(database)?.state;
    const table = state?.branches.get("main")?.working.get("t");
    return new Set((table?.rows() ?? []).map(([id]) => Number(id)));
  }

  /** SIGKILL; the container starts again after a moment, or later while it is to crash. */
  async kill(name: string): Promise<void> {
    const pod = this.#podNamed(name);
    this.#frozen.delete(name);
    if (pod === undefined) return;
    await this.#stopServer(pod);
    pod.hasEndedBefore = true;
    pod.restarts += 1;
    this.#report(pod);
    this.#startLater(pod, this.#options.random.int(200, 1_500));
  }

  async crashLoop(name: string, on: boolean): Promise<void> {
    if (on) {
      this.#crashing.add(name);
      await this.kill(name);
      return;
    }
    this.#crashing.delete(name);
    const pod = this.#podNamed(name);
    if (pod !== undefined) this.#startLater(pod, 100);
  }

  freeze(name: string): void {
    this.#frozen.add(name);
    this.serverOf(name)?.freeze();
  }

  thaw(name: string): void {
    this.#frozen.delete(name);
    this.serverOf(name)?.thaw();
  }

  isFrozen(name: string): boolean {
    return this.#frozen.has(name);
  }

  /** SIGKILL, and the next start finds a volume that was never used. */
  async emptyVolume(name: string): Promise<void> {
    this.#volumes.delete(name);
    await this.kill(name);
  }

  /** Deletes the pod as kubectl does; the StatefulSet's controller makes a new one, with another UID and address. */
  deletePod(name: string): void {
    const { registry, namespace } = this.#options;
    if (registry.store.get(PODS, namespace, name) !== undefined) registry.delete(PODS, namespace, name);
  }

  async heal(): Promise<void> {
    for (const name of [...this.#frozen]) this.thaw(name);
    for (const name of [...this.#crashing]) await this.crashLoop(name, false);
  }

  async close(): Promise<void> {
    this.#stopListening();
    await Promise.all([...this.#pods.values()].map((pod) => this.#stopServer(pod)));
    this.#pods.clear();
  }

  #seen(object: KubeObject, isGone: boolean): void {
    const { name, namespace, uid, deletionTimestamp } = object.metadata;
    if (namespace !== this.#options.namespace) return;
    const pod = this.#pods.get(uid);
    if (isGone) {
      this.#pods.delete(uid);
      if (pod !== undefined) void this.#stopServer(pod);
    } else if (deletionTimestamp !== undefined) {
      if (pod === undefined) this.#remove(name, uid);
      else if (!pod.isDeleting) void this.#end(pod);
    } else if (pod === undefined) this.#admit(name, uid);
  }

  #admit(name: string, uid: string): void {
    this.#addresses += 1;
    const ip = `10.0.0.${this.#addresses}`;
    const pod: Pod = {
      name,
      uid,
      ip,
      server: null,
      isReady: false,
      restarts: 0,
      hasEndedBefore: false,
      isDeleting: false,
      reportedUntilMs: 0,
    };
    this.#pods.set(uid, pod);
    this.#report(pod);
    this.#startLater(pod, this.#options.random.int(50, 800));
  }

  /** SIGTERM and what follows: a frozen server takes none, and ends with its grace period. */
  async #end(pod: Pod): Promise<void> {
    pod.isDeleting = true;
    const { time, random } = this.#options;
    await time.sleep(this.#frozen.has(pod.name) ? 30_000 : random.int(20, 300));
    this.#frozen.delete(pod.name);
    await this.#stopServer(pod);
    this.#pods.delete(pod.uid);
    this.#remove(pod.name, pod.uid);
  }

  #remove(name: string, uid: string): void {
    const { registry, namespace } = this.#options;
    if (registry.store.get(PODS, namespace, name)?.metadata.uid !== uid) return;
    registry.delete(PODS, namespace, name, { gracePeriodSeconds: 0, preconditions: { uid } });
  }

  #startLater(pod: Pod, afterMs: number): void {
    this.#options.time.at(afterMs, () => void this.#start(pod));
  }

  async #start(pod: Pod): Promise<void> {
    if (this.#pods.get(pod.uid) !== pod || pod.isDeleting || pod.server !== null) return;
    if (this.#crashing.has(pod.name)) {
      pod.hasEndedBefore = true;
      pod.restarts += 1;
      return this.#report(pod);
    }
    const { network, time, random, rootPassword, namespace, registry, configMap } = this.#options;
    const yaml = textAt(objectAt(registry.get(CONFIG_MAPS, namespace, configMap), "data"), `${pod.name}.yaml`);
    if (yaml === undefined) throw new Error(`the ConfigMap has no configuration for ${pod.name}`);
    const volume = this.#volumes.get(pod.name) ?? new Volume();
    this.#volumes.set(pod.name, volume);
    const server = await startSimulatedDolt({
      name: pod.name,
      config: parseServerConfig(yaml),
      volume,
      network,
      clock: time,
      withoutPort: true,
      answersTo: (host) => host === pod.ip || host === pod.name || host.split(".")[0] === `${pod.name}-repl`,
      rootHost: "%",
      rootPassword,
    });
    pod.server = server;
    this.#report(pod);
    time.at(random.int(50, 700), () => {
      if (pod.server !== server) return;
      pod.isReady = true;
      this.#report(pod);
    });
  }

  async #stopServer(pod: Pod): Promise<void> {
    const { server } = pod;
    pod.server = null;
    pod.isReady = false;
    await server?.kill();
  }

  #podNamed(name: string): Pod | undefined {
    return [...this.#pods.values()].findLast((pod) => pod.name === name);
  }

  #podAt(ip: string): Pod | undefined {
    return [...this.#pods.values()].find((pod) => pod.ip === ip);
  }

  /** What is now, told a little later, as a kubelet does, and never out of order. */
  #report(pod: Pod): void {
    const { time, random } = this.#options;
    const status = this.#statusOf(pod);
    pod.reportedUntilMs = Math.max(pod.reportedUntilMs + 1, time.monotonicMs() + random.int(1, 250));
    time.at(pod.reportedUntilMs - time.monotonicMs(), () => this.#write(pod, status));
  }

  #write(pod: Pod, status: JsonObject): void {
    const { registry, namespace } = this.#options;
    if (registry.store.get(PODS, namespace, pod.name)?.metadata.uid !== pod.uid) return;
    registry.update(PODS, namespace, pod.name, (current) => ({ ...current, status }), { part: "status" });
    registry.update(PODS, namespace, pod.name, (current) => ({
      ...current,
      spec: { ...objectAt(current, "spec"), nodeName: "node1" },
    }));
  }

  #statusOf(pod: Pod): JsonObject {
    const ready = String(pod.isReady).replace(/^./, (letter) => letter.toUpperCase());
    const nowText = new Date(this.#options.time.nowMs()).toISOString();
    return {
      phase: "Running",
      podIP: pod.ip,
      podIPs: [{ ip: pod.ip }],
      hostIP: "10.0.1.1",
      startTime: nowText,
      conditions: ["PodScheduled", "Initialized", "ContainersReady", "Ready"].map((type) => ({
        type,
        status: type.endsWith("Ready") ? ready : "True",
        lastTransitionTime: nowText,
      })),
      containerStatuses: [
        {
          name: "dolt",
          image: "dolt",
          imageID: "",
          ready: pod.isReady,
          started: pod.server !== null,
          restartCount: pod.restarts,
          ...containerState(pod, nowText),
        },
      ],
    };
  }
}

function containerState(pod: Pod, nowText: string): JsonObject {
  const terminated = { exitCode: 137, reason: "Error", startedAt: nowText, finishedAt: nowText };
  const lastState = pod.hasEndedBefore ? { terminated } : {};
  if (pod.server !== null) return { state: { running: { startedAt: nowText } }, lastState };
  const reason = pod.hasEndedBefore ? "CrashLoopBackOff" : "ContainerCreating";
  return { state: { waiting: { reason } }, lastState };
}
