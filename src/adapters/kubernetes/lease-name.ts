import { kindOf, type TargetKind, targetKindSchema } from "../../domain/target.ts";
import type { TargetReference } from "../../ports/workloads.ts";

/** No name of an object begins with a dash or a dot, so that no two kinds can have the same lease. */
const prefixes: Readonly<Record<TargetKind, string>> = {
  StatefulSet: "handover-",
  Deployment: "handover.deployment.",
  DaemonSet: "handover.daemonset.",
  CrateDBCluster: "handover.cratedb.",
};

/** Before the bytes, in hexadecimal digits, of a name that no object could have. */
const encodedPrefix = "x--";
const objectName = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

/**
 * The name of a target's Lease: `handover-orders` for the StatefulSet `orders`. Workloads have names that a Lease can have too;
 * a CrateDB cluster is named by an annotation, which can be any text.
 */
export function leaseName(target: TargetReference): string {
  const { workload } = target;
  const isPlain = objectName.test(workload) && !workload.startsWith(encodedPrefix);
  const name = isPlain ? workload : `${encodedPrefix}${Buffer.from(workload, "utf8").toString("hex")}`;
  return `${prefixes[kindOf(target)]}${name}`;
}

/** The target whose lease this is; null: it is none of Handover's. */
export function targetOfLease(namespace: string, name: string): TargetReference | null {
  for (const kind of targetKindSchema.options) {
    const prefix = prefixes[kind];
    if (!name.startsWith(prefix)) continue;
    const rest = name.slice(prefix.length);
    const workload = rest.startsWith(encodedPrefix)
      ? Buffer.from(rest.slice(encodedPrefix.length), "hex").toString("utf8")
      : rest;
    if (workload === "") return null;
    return kind === "StatefulSet" ? { namespace, workload } : { namespace, workload, kind };
  }
  return null;
}
