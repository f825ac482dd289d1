import type { SimulatedCrateCluster } from "./cratedb/model/cluster.ts";
import type { SimSnapshot } from "./cratedb/model/snapshots.ts";
import type { ShardCopy } from "./cratedb/model/types.ts";
import type { NodeAgent } from "./node-agent/agent.ts";
import type { PodWorker } from "./node-agent/pod-worker.ts";

/** Faults of a CrateDB cluster ordered from outside. Each resolves once it is in force. */
export interface CrateFaults {
  /** SIGKILL to the node's process; the kubelet (or its stand-in) starts the container again. */
  kill(pod: string): Promise<void>;
  /** While on, the container dies at once after each start. */
  crashLoop(pod: string, on: boolean): Promise<void>;
  /** SIGSTOP: connections stay open, nothing answers; the others notice after the pace's `faultDetectionMs`. */
  freeze(pod: string): Promise<void>;
  thaw(pod: string): Promise<void>;
  /** How fast shards are copied from now on; Infinity: at once. */
  relocationSpeed(bytesPerSecond: number): void;
  /** Copies of this table's shard (all of its shards without a number) go to no other node. */
  stick(table: string, shard?: number): void;
  /** Something else fills the node's disk, to 99 %. */
  fullDisk(pod: string, on: boolean): Promise<void>;
  /** The copies of this shard are lost: its table is RED until `heal`. */
  loseShard(table: string, shard: number): void;
  /** A snapshot of every table runs until `heal` or `endSnapshots`. */
  beginSnapshot(repository: string, name: string): void;
  endSnapshots(): void;
  /** Ends every fault that is still in force. */
  heal(): Promise<void>;
}

export interface CrateFaultParts {
  readonly namespace: string;
  readonly agent: NodeAgent;
  readonly cluster: SimulatedCrateCluster;
  /** Names of the pods that there are now. */
  readonly pods: () => Promise<string[]>;
}

export class SimulatedCrateFaults implements CrateFaults {
  readonly #parts: CrateFaultParts;
  readonly #undo: (() => void)[] = [];
  readonly #snapshots: SimSnapshot[] = [];
  readonly #crashing = new Set<string>();

  constructor(parts: CrateFaultParts) {
    this.#parts = parts;
  }

  async kill(pod: string): Promise<void> {
    await this.#worker(pod).kill();
  }

  async crashLoop(pod: string, on: boolean): Promise<void> {
    if (on) this.#crashing.add(pod);
    else this.#crashing.delete(pod);
    await this.#parts.agent.crash(this.#parts.namespace, pod, on);
  }

  async freeze(pod: string): Promise<void> {
    await this.#worker(pod).freeze();
  }

  async thaw(pod: string): Promise<void> {
    this.#worker(pod).thaw();
  }

  relocationSpeed(bytesPerSecond: number): void {
    this.#parts.cluster.setPace({ bytesPerSecond });
  }

  stick(table: string, shard?: number): void {
    const isMeant = ({ group }: ShardCopy) =>
      matches(table, group.part.table) && (shard === undefined || group.id === shard);
    this.#undo.push(this.#parts.cluster.stick(isMeant));
  }

  async fullDisk(pod: string, on: boolean): Promise<void> {
    const { cluster } = this.#parts;
    const id = cluster.idOf(nodeNameOf(pod, cluster.name));
    const disk = cluster.disk(id);
    disk.otherBytes = on ? disk.totalBytes * 0.99 : 0;
    if (on) this.#undo.push(() => void this.fullDisk(pod, false));
    cluster.advance();
    cluster.changed();
  }

  loseShard(table: string, shard: number): void {
    const { cluster } = this.#parts;
    const groups = cluster.tables
      .filter((one) => matches(table, one))
      .flatMap(({ parts }) => parts.flatMap((part) => part.groups.filter(({ id }) => id === shard)));
    for (const group of groups) this.#undo.push(cluster.loseShard(group));
  }

  beginSnapshot(repository: string, name: string): void {
    const { cluster } = this.#parts;
    if (!cluster.snapshots.repositories.has(repository)) cluster.snapshots.createRepository(repository, "fs");
    this.#snapshots.push(cluster.beginSnapshot(repository, name, [...cluster.tables], null));
  }

  endSnapshots(): void {
    for (const snapshot of this.#snapshots.splice(0)) this.#parts.cluster.endSnapshot(snapshot);
  }

  async heal(): Promise<void> {
    const { agent, namespace } = this.#parts;
    this.endSnapshots();
    for (const undo of this.#undo.splice(0)) undo();
    this.relocationSpeed(Number.POSITIVE_INFINITY);
    for (const pod of [...this.#crashing]) await this.crashLoop(pod, false);
    for (const pod of await this.#parts.pods()) agent.worker(namespace, pod)?.thaw();
  }

  #worker(pod: string): PodWorker {
    const { namespace, agent } = this.#parts;
    const worker = agent.worker(namespace, pod);
    if (worker === undefined) throw new Error(`pod ${namespace}/${pod} does not run, so nothing can happen to it`);
    return worker;
  }
}

/** `crate-data-hot-metrics-0` is the node `data-hot-0`, `crate-master-metrics-1` is `master-1`. */
export function nodeNameOf(pod: string, cluster: string): string {
  const [, kind, ordinal] = /^crate-(.+)-(\d+)$/.exec(pod) ?? [];
  if (kind === undefined || ordinal === undefined || !kind.endsWith(`-${cluster}`)) {
    throw new Error(`${pod} is no pod of the CrateDB cluster ${cluster}`);
  }
  return `${kind.slice(0, -cluster.length - 1)}-${ordinal}`;
}

function matches(text: string, { schema, name }: { readonly schema: string; readonly name: string }): boolean {
  return text === name || text === `${schema}.${name}`;
}
