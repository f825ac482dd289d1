import type { StartUpArguments } from "../../ports/crate-clusters.ts";

/** Nodes that a cluster is to have. `masters`: those that hold no data. */
export interface NodeTotals {
  readonly masters: number;
  readonly data: number;
}

/** A start-up argument whose value is not the one that the total asks for. */
export interface ArgumentChange {
  readonly setting: string;
  readonly from: number;
  readonly to: number;
}

export interface RewrittenStartUp {
  /** As many items as were given, in their order; only numbers within them are others. */
  readonly startUp: StartUpArguments;
  readonly changes: readonly ArgumentChange[];
  /** Arguments that depend on the total and hold no plain number (a variable), so that nobody but a person can set them right. */
  readonly unreadable: readonly string[];
}

/**
 * One argument that depends on the number of nodes, on its own (`-Cgateway.…=3`, or behind a `-C` of its own) or within a
 * line for a shell.
 */
const dependent = /(^|[\s"'])((?:-C\s*)?gateway\.(expected|recover_after)(_data)?_nodes=)([^\s"']*)/g;

/**
 * Start-up arguments for another total: how many nodes a restarted cluster waits for (`expected`), and from how many on it
 * recovers without the others (`recover_after`, a majority). From CrateDB 4.7 on both count data nodes; their older names
 * without `_data` count masters too. Only what stands there is rewritten, nothing is added (cratedb.md, “Settings”).
 */
export function rewriteForTotals({ command, args }: StartUpArguments, totals: NodeTotals): RewrittenStartUp {
  const changes: ArgumentChange[] = [];
  const unreadable: string[] = [];
  const rewrite = (items: readonly string[] | null) =>
    items?.map((item, index) => {
      // Without its `-C` it is one only behind an item that is nothing else.
      const isBehindFlag = items[index - 1] === "-C";
      return item.replace(
        dependent,
        (whole, before: string, head: string, kind: string, data: string | undefined, value: string) => {
          if (!head.startsWith("-C") && !(isBehindFlag && before === "")) return whole;
          const setting = head.replace(/^-C\s*/, "").slice(0, -1);
          if (!/^\d+$/.test(value)) {
            unreadable.push(`${setting}=${value}`);
            return whole;
          }
          const total = data === undefined ? totals.masters + totals.data : totals.data;
          const to = kind === "expected" ? total : majorityOf(total);
          if (Number(value) !== to) changes.push({ setting, from: Number(value), to });
          return `${before}${head}${to}`;
        },
      );
    }) ?? null;
  return { startUp: { command: rewrite(command), args: rewrite(args) }, changes, unreadable };
}

/** More than half of them: 1 of 1, 2 of 2, 2 of 3. */
export function majorityOf(nodes: number): number {
  return Math.floor(nodes / 2) + 1;
}

/**
 * The value that the arguments give a setting; null: none of them names it. The last one counts, as CrateDB takes it.
 * @param items `command` and `args` of the container
 */
export function settingInArguments(items: readonly string[], setting: string): string | null {
  const escaped = setting.replaceAll(".", "\\.");
  const named = new RegExp(`(?:^|[\\s"'])(-C\\s*)?${escaped}=([^\\s"']*)`, "g");
  let found: string | null = null;
  for (const [index, item] of items.entries()) {
    for (const [whole, flag, value] of item.matchAll(named)) {
      const isBehindFlag = items[index - 1] === "-C" && whole === item;
      if (flag !== undefined || isBehindFlag) found = value ?? "";
    }
  }
  return found;
}
