import type { CrateClusterView, CratePod, CrateSetView } from "../../ports/crate-clusters.ts";
import type { CrateNode } from "../../ports/crate-servers.ts";
import { settingInArguments } from "./start-up-arguments.ts";

/** Which node is which pod. */
export interface NodeNames {
  /** Name of the node in the pod with this ordinal of the StatefulSet, whether it is there or not. */
  of(set: Pick<CrateSetView, "name">, ordinal: number): string;
}

/**
 * Nodes are told by the address they say of themselves; one that does not answer, and one that is not there, by the rule that
 * the StatefulSet's other nodes follow, else by its `-Cnode.name`, else by crate-operator's names.
 */
export function nodeNames({ sets }: Pick<CrateClusterView, "sets">, nodes: readonly CrateNode[]): NodeNames {
  const found = new Map<string, string>();
  const prefixes = new Map<string, string>();
  for (const set of sets) {
    for (const pod of set.pods) {
      const node = nodes.find((candidate) => isIn(candidate, pod));
      if (node === undefined) continue;
      found.set(pod.name, node.name);
      const suffix = String(pod.ordinal);
      if (node.name.endsWith(suffix)) prefixes.set(set.name, node.name.slice(0, -suffix.length));
    }
    if (!prefixes.has(set.name)) prefixes.set(set.name, configuredPrefix(set));
  }
  return { of: (set, ordinal) => found.get(`${set.name}-${ordinal}`) ?? `${prefixes.get(set.name)}${ordinal}` };
}

function isIn({ name, restUrl }: CrateNode, { name: podName, pod }: CratePod): boolean {
  if (name === podName) return true;
  const host = restUrl?.replace(/^https?:\/\//, "").replace(/:\d+$/, "");
  return host !== undefined && host !== "" && host === pod?.ip;
}

/** What stands before the part that a shell fills in: `data-hot-$(hostname | …)`. A bare variable is the pod's name. */
function configuredPrefix(set: CrateSetView): string {
  const { command, args } = set.startUp;
  const configured = settingInArguments([...(command ?? []), ...(args ?? [])], "node.name");
  const before = configured === null ? "" : (configured.split("$")[0] ?? "");
  if (before !== "" && before !== configured) return before;
  if (configured !== null) return `${set.name}-`;
  return set.role === "master" ? "master-" : `data-${set.group}-`;
}
