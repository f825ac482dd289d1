import { copiesOf, usedBytes } from "../allocation/view.ts";
import type { SimulatedCrateCluster } from "../model/cluster.ts";
import { freeBelow, timeMs } from "../model/settings.ts";
import type { Member } from "../model/types.ts";

interface Check {
  readonly id: number;
  readonly severity: number;
  readonly description: string;
  readonly passes: (node: Member, cluster: SimulatedCrateCluster) => boolean;
}

/** `sys.node_checks` (crate docs, admin/system-information.rst); 4 is no more. */
export const nodeChecks: readonly Check[] = [
  {
    id: 1,
    severity: 3,
    description:
      "It has been detected that the 'gateway.expected_data_nodes' setting (or the deprecated 'gateway.expected_nodes' setting) is not equal to the actual number of (data) nodes present in the cluster.",
    passes: (node, cluster) => {
      const expected = gateway(node, cluster, "expected_data_nodes");
      return expected <= 0 || expected === dataNodes(cluster);
    },
  },
  {
    id: 2,
    severity: 2,
    description:
      "The cluster setting 'gateway.recover_after_data_nodes' (or the deprecated 'gateway.recover_after_nodes' setting) is not configured or it is smaller than the minimum required number.",
    passes: (node, cluster) => {
      const expected = gateway(node, cluster, "expected_data_nodes");
      const after = gateway(node, cluster, "recover_after_data_nodes");
      return expected <= 0 || (after > expected / 2 && after <= expected);
    },
  },
  {
    id: 3,
    severity: 2,
    description:
      "If any of the \"expected data nodes\" recovery settings are set, the value of 'gateway.recover_after_time' must not be zero.",
    passes: (node, cluster) => timeMs(cluster.settings.get("gateway.recover_after_time", node.spec.arguments)) > 0,
  },
  watermarkCheck(
    5,
    "high",
    "The high disk watermark is exceeded on the node. The cluster will attempt to relocate shards to another node.",
  ),
  watermarkCheck(
    6,
    "low",
    "The low disk watermark is exceeded on the node. The cluster will not allocate new shards on this node.",
  ),
  watermarkCheck(
    7,
    "flood_stage",
    "The flood stage disk watermark is exceeded on the node. Tables that have at least one shard on this node are read-only.",
  ),
  {
    id: 8,
    severity: 2,
    description:
      "The amount of shards on the node reached 90 % of the limit of the cluster setting 'cluster.max_shards_per_node'. Creating new tables or partitions which would push the number of shards beyond 100 % of the limit will be rejected.",
    passes: ({ id }, cluster) => {
      const here = copiesOf(cluster.tables).filter(({ node }) => node === id).length;
      return here < Number(cluster.settings.get("cluster.max_shards_per_node")) * 0.9;
    },
  },
];

function watermarkCheck(id: number, level: string, description: string): Check {
  return {
    id,
    severity: 3,
    description,
    passes: (node, cluster) => {
      const { totalBytes } = cluster.disk(node.id);
      const mark = cluster.settings.get(`cluster.routing.allocation.disk.watermark.${level}`);
      return totalBytes - usedBytes(cluster.view(), node.id) >= freeBelow(mark, totalBytes);
    },
  };
}

function gateway({ spec }: Member, cluster: SimulatedCrateCluster, name: string): number {
  return Number(cluster.settings.get(`gateway.${name}`, spec.arguments));
}

function dataNodes({ members }: SimulatedCrateCluster): number {
  return [...members.values()].filter(({ spec }) => spec.holdsData).length;
}
