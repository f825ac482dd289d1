import type { MemoryOptions, MemorySet, MemoryShard } from "../../../support/memory-crate/model.ts";

const gib = 1024 ** 3;

/** Arguments as crate-operator writes them. */
export function startUp(dataNodes: number, node: string, master: boolean) {
  const recoverAfter = Math.floor(dataNodes / 2) + 1;
  return {
    command: [
      "/docker-entrypoint.sh",
      "crate",
      `-Cnode.name=${node}-$(hostname | awk -F- '{print $NF}')`,
      `-Cgateway.recover_after_data_nodes=${recoverAfter}`,
      `-Cgateway.expected_data_nodes=${dataNodes}`,
      `-Cnode.master=${master}`,
      `-Cnode.data=${node !== "master"}`,
    ],
    args: null,
  };
}

/** One group of data nodes, which may be elected where there are no dedicated masters. */
export function dataSet(group: string, replicas: number, total: number, more: Partial<MemorySet> = {}): MemorySet {
  const isMasterEligible = more.isMasterEligible ?? true;
  return {
    group,
    role: "data",
    replicas,
    startUp: startUp(total, `data-${group}`, isMasterEligible),
    isMasterEligible,
    ...more,
  };
}

export function masterSet(replicas: number, dataNodes: number, more: Partial<MemorySet> = {}): MemorySet {
  const set = { group: "masters", role: "master" as const, replicas, isMasterEligible: true };
  return { ...set, startUp: startUp(dataNodes, "master", true), ...more };
}

/** Shards of a table, two copies of each, spread over these nodes in turn. */
export function spread(table: string, nodes: readonly string[], count: number, copies = 2, sizeBytes = gib / 10) {
  return Array.from({ length: count }, (_, id) =>
    Array.from({ length: Math.min(copies, nodes.length) }, (_copy, copy): Omit<MemoryShard, "target" | "thereAtMs"> => {
      return { table, id, primary: copy === 0, sizeBytes, node: nodes[(id + copy) % nodes.length] ?? "" };
    }),
  ).flat();
}

export function names(group: string, count: number): string[] {
  return Array.from({ length: count }, (_, ordinal) => `data-${group}-${ordinal}`);
}

/** Three dedicated masters and two groups of data nodes. */
export function largeCluster(more: Partial<MemoryOptions> = {}): MemoryOptions {
  const hot = names("hot", 4);
  const cold = names("cold", 2);
  return {
    sets: [
      masterSet(3, 6),
      dataSet("hot", 4, 6, { isMasterEligible: false }),
      dataSet("cold", 2, 6, { isMasterEligible: false }),
    ],
    tables: [{ table: "metrics" }, { table: "events", replicas: { text: "1", min: 1, max: 1 } }],
    shards: [...spread("metrics", [...hot, ...cold], 12), ...spread("events", hot, 4)],
    ...more,
  };
}

/** One group, as crate-operator makes it when nothing else is said. */
export function smallCluster(nodes = 3, more: Partial<MemoryOptions> = {}): MemoryOptions {
  return {
    sets: [dataSet("hot", nodes, nodes)],
    tables: [{ table: "metrics" }],
    shards: spread("metrics", names("hot", nodes), 6),
    ...more,
  };
}
