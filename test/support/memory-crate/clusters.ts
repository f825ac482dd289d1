import type {
  CrateClusters,
  CrateClusterView,
  CrateRight,
  CrateSetReference,
  CrateSetView,
  CronJobView,
} from "../../../src/ports/crate-clusters.ts";
import type { PodView } from "../../../src/ports/workloads.ts";
import { plainAccess } from "../plain-access.ts";
import type { MemoryModel, MemoryNode, MemorySet } from "./model.ts";

/** Each call goes through here, so that a test may fail it, lose its answer or end the process in it. */
export type Through = <T>(name: string, isWrite: boolean, work: () => T) => Promise<T>;

/** The Kubernetes side of a cluster in memory. */
export class MemoryCrateClusters implements CrateClusters {
  readonly #model: MemoryModel;
  readonly #through: Through;
  autoscaled: readonly { readonly set: string }[] = [];
  lacking: readonly CrateRight[] = [];

  constructor(model: MemoryModel, through: Through) {
    this.#model = model;
    this.#through = through;
  }

  look(): Promise<CrateClusterView | null> {
    return this.#through("look", false, () => ({
      namespace: "db",
      name: "metrics",
      sets: this.#model.sets.map((set) => this.#view(set)),
    }));
  }

  async access() {
    return { ...plainAccess, username: "crate" };
  }

  autoscalers(cluster: CrateClusterView) {
    return this.#through("autoscalers", false, () => ({
      seen: true as const,
      value: this.autoscaled.map(({ set }) => ({
        kind: "HorizontalPodAutoscaler" as const,
        name: `scale-${set}`,
        target: { kind: "StatefulSet", name: cluster.sets.find(({ group }) => group === set)?.name ?? "" },
        minReplicas: 2,
        maxReplicas: 9,
      })),
    }));
  }

  setReplicas(reference: CrateSetReference, from: number, to: number): Promise<boolean> {
    return this.#through(`replicas of ${reference.name} to ${to}`, true, () => {
      const set = this.#set(reference);
      if (set.replicas === to) return true;
      if (set.replicas !== from) return false;
      this.#model.scale(set, to);
      return true;
    });
  }

  setStartUpArguments(
    reference: CrateSetReference,
    from: CrateSetView["startUp"],
    to: CrateSetView["startUp"],
  ): Promise<boolean> {
    return this.#through(`arguments of ${reference.name}`, true, () => {
      const set = this.#set(reference);
      const now = JSON.stringify(set.startUp);
      if (now === JSON.stringify(to)) return true;
      if (now !== JSON.stringify(from)) return false;
      set.startUp = to;
      return true;
    });
  }

  async annotate(): Promise<void> {
    throw new Error("a scaling annotates nothing");
  }

  async label(): Promise<void> {
    throw new Error("a scaling labels nothing");
  }

  cronJobs() {
    return this.#through("cronJobs", false, () => ({ seen: true as const, value: [...this.#model.cronJobs] }));
  }

  jobs() {
    return this.#through("jobs", false, () => ({ seen: true as const, value: [] }));
  }

  changeCronJob(
    read: CronJobView,
    change: { readonly suspended: boolean; readonly annotations: Readonly<Record<string, string | null>> },
  ): Promise<CronJobView | null> {
    return this.#through(`cron job ${read.name} ${change.suspended ? "paused" : "given back"}`, true, () => {
      const now = this.#model.cronJobs.find(({ name }) => name === read.name);
      if (now === undefined || now.resourceVersion !== read.resourceVersion) return null;
      const annotations = Object.entries({ ...now.annotations, ...change.annotations }).flatMap(([key, value]) =>
        value === null ? [] : [[key, value] as const],
      );
      const changed = {
        ...now,
        suspended: change.suspended,
        annotations: Object.fromEntries(annotations),
        resourceVersion: String(Number(now.resourceVersion) + 1),
      };
      this.#model.cronJobs = this.#model.cronJobs.map((one) => (one === now ? changed : one));
      return changed;
    });
  }

  deployments() {
    return this.#through("deployments", false, () => ({ seen: true as const, value: [] }));
  }

  async scaleDeployment(): Promise<boolean> {
    throw new Error("a scaling touches no Deployment");
  }

  missingRights() {
    return this.#through("missingRights", false, () => [...this.lacking]);
  }

  #set(reference: CrateSetReference): MemorySet {
    const found = this.#model.sets.find((set) => uidOf(set) === reference.uid);
    if (found === undefined) throw new Error(`there is no StatefulSet ${reference.name}`);
    return found;
  }

  #view(set: MemorySet): CrateSetView {
    const name = nameOf(set);
    const pods = this.#model.nodes.filter((node) => node.set === set.group).toSorted((a, b) => a.ordinal - b.ordinal);
    return {
      namespace: "db",
      name,
      uid: uidOf(set),
      resourceVersion: "1",
      isMasterEligible: false,
      readyReplicas: set.replicas,
      podsNow: pods.length,
      firstOrdinal: 0,
      serviceName: "crate",
      isObserved: true,
      updateRevision: "1",
      currentRevision: "1",
      rollsFromOrdinal: null,
      gracePeriodSeconds: 1200,
      preStop: null,
      annotations: {},
      labels: { "app.kubernetes.io/name": "metrics" },
      owner: null,
      deletesVolumes: false,
      ...set,
      pods: pods.map((node) => ({
        name: `${name}-${node.ordinal}`,
        ordinal: node.ordinal,
        pod: podOf(node, this.#model.nowMs),
      })),
    };
  }
}

export function nameOf(set: Pick<MemorySet, "role" | "group">): string {
  return set.role === "master" ? "crate-master-metrics" : `crate-data-${set.group}-metrics`;
}

function uidOf(set: Pick<MemorySet, "role" | "group">): string {
  return `uid-${nameOf(set)}`;
}

export function ipOf({ set, ordinal }: Pick<MemoryNode, "set" | "ordinal">): string {
  return `10.0.${set.length}.${set.charCodeAt(0)}${ordinal}`;
}

function podOf(node: MemoryNode, nowMs: number): PodView {
  return {
    uid: `pod-${node.name}`,
    createdAtMs: 0,
    ip: ipOf(node),
    port: 4200,
    ready: node.joinsAtMs <= nowMs,
    readyChangedAtMs: null,
    terminating: node.leavesAtMs !== null,
    revision: "1",
    labels: {},
    container: { state: "running", text: "running" },
  };
}
