import { partsOf } from "./allocation/view.ts";
import type { SimulatedCrateCluster } from "./model/cluster.ts";
import { timeMs } from "./model/settings.ts";
import type { SimulatedCrateNode } from "./node.ts";

interface Around {
  readonly cluster: SimulatedCrateCluster;
  readonly isRoutingOwned: () => Promise<boolean>;
}

const enable = "cluster.routing.allocation.enable";
const timeout = "720s";

/**
 * What crate-operator's preStop hook does: settings at the level TRANSIENT, then a decommission that lets the primaries go.
 * `allocation.enable` is left alone while the StatefulSet says that somebody else owns it (cratedb.md).
 */
export async function dcUtilPreStop({ cluster, isRoutingOwned }: Around, node: SimulatedCrateNode): Promise<void> {
  cluster.advance();
  if (!cluster.canPublish()) return;
  if (!(await isRoutingOwned())) cluster.settings.set("transient", [[enable, "primaries"]]);
  cluster.settings.set("transient", [
    ["cluster.graceful_stop.min_availability", "PRIMARIES"],
    ["cluster.graceful_stop.timeout", timeout],
    ["cluster.graceful_stop.force", "true"],
  ]);
  cluster.beginDecommission(node.id, "primaries");
  const lastMs = cluster.nowMs + timeMs(timeout);
  const groups = () => partsOf(cluster.tables).flatMap((part) => part.groups);
  const isCalm = () =>
    groups().every(({ copies }) => copies.every((copy) => copy.node !== node.id || copy.state !== "RELOCATING"));
  await node.until(() => isCalm() || cluster.nowMs >= lastMs);
}

/** A scaled-away pod never gets here, and nothing but `allocation.enable` is taken back. */
export async function dcUtilPostStart({ cluster, isRoutingOwned }: Around): Promise<void> {
  cluster.advance();
  if (!cluster.canPublish() || (await isRoutingOwned())) return;
  cluster.settings.reset([enable]);
  cluster.changed();
}
