import { isInForce } from "../../src/domain/freeze.ts";
import { judgeExpiry } from "../../src/domain/transitions/ending-early.ts";
import type { ChatMessage } from "../../src/ports/chat.ts";
import { type ClusterState, statusMessage } from "../messages/lists.ts";
import type { ClusterServices, EdgeServices } from "../services.ts";
import { readAnnounced } from "./announced.ts";

/** How many requests of a cluster are shown as under way. */
const mostOpen = 10;

/**
 * `/handover status`: the clusters, whether their workers live, what is frozen, what is under way.
 * @throws {HandoverError} `redis_away`
 */
export async function tellStatus(services: EdgeServices): Promise<ChatMessage> {
  return statusMessage((await readClusterStates(services)).map(({ state }) => state));
}

/** Every cluster as the edge knows it. */
export async function readClusterStates(
  services: Pick<EdgeServices, "clusters">,
): Promise<{ readonly state: ClusterState; readonly cluster: ClusterServices }[]> {
  const announced = await readAnnounced(services);
  return Promise.all(
    announced.map(async (at) => {
      const { records, nowMs } = await at.cluster.lists.open(mostOpen);
      const byHand = at.targets.flatMap(({ cluster, namespace, name, workload, freeze }) =>
        freeze === undefined ? [] : [{ ...freeze, scope: { cluster, namespace, name, workload } }],
      );
      const state: ClusterState = {
        name: at.cluster.name,
        isAlive: at.isAlive,
        seenAgoMs: at.seenAgoMs,
        targets: at.targets.length,
        freezes: [...at.freezes, ...byHand].filter((freeze) => isInForce(freeze, nowMs)),
        open: records.map((record) => judgeExpiry(record, nowMs)),
      };
      return { state, cluster: at.cluster };
    }),
  );
}
