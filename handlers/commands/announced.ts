import type { AnnouncedFreeze } from "../../src/domain/freeze.ts";
import type { AnnouncedTarget } from "../../src/domain/target.ts";
import { targetText } from "../../src/domain/target.ts";
import { takesRequests } from "../../src/ports/request-store.ts";
import type { ClusterServices, EdgeServices } from "../services.ts";

/** What one cluster's workers say. */
export interface AnnouncedCluster {
  readonly cluster: ClusterServices;
  /** Each target once, as the worker heard last has it; two of the same name where two workloads bear it. */
  readonly targets: readonly AnnouncedTarget[];
  /** What stands frozen in the cluster, as the worker heard last has it; whether or not its time is over. */
  readonly freezes: readonly AnnouncedFreeze[];
  /** Since the last sign of life of any worker; null: there never was one. */
  readonly seenAgoMs: number | null;
  /** Whether a worker takes what is asked: one that was told to end does not. */
  readonly isAlive: boolean;
  /** Operations of the workers that are alive. */
  readonly operations: ReadonlySet<string>;
}

/** When a worker was last seen, for people. */
export function seenText(seenAgoMs: number | null): string {
  return seenAgoMs === null ? "never" : `${Math.round(seenAgoMs / 1_000)} s ago`;
}

/** @throws {HandoverError} `redis_away` */
export async function readAnnounced(services: Pick<EdgeServices, "clusters">): Promise<AnnouncedCluster[]> {
  return Promise.all(
    services.clusters.map(async (cluster) => {
      const { workers } = await cluster.announcements.read();
      const targets = new Map<string, readonly AnnouncedTarget[]>();
      // The newest heartbeat comes first, so the first to name a target is right about it, also when it names two of one name.
      for (const worker of workers) {
        const own = worker.targets.filter((target) => target.cluster === cluster.name);
        for (const [name, same] of Map.groupBy(own, targetText)) if (!targets.has(name)) targets.set(name, same);
      }
      const alive = workers.filter(takesRequests);
      return {
        cluster,
        targets: [...targets.values()].flat(),
        freezes: workers.find((worker) => worker.freezes !== undefined)?.freezes ?? [],
        seenAgoMs: (alive[0] ?? workers[0])?.seenAgoMs ?? null,
        isAlive: alive.length > 0,
        operations: new Set(alive.flatMap((worker) => worker.operations)),
      };
    }),
  );
}
