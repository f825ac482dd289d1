import { z } from "zod";
import { readQuantity } from "./quantity.ts";

const amounts = z.record(z.string(), z.union([z.string(), z.number()])).optional();
const containerSchema = z.object({
  restartPolicy: z.string().optional(),
  resources: z.object({ requests: amounts, limits: amounts }).optional(),
});
type Container = z.infer<typeof containerSchema>;

const podSpecSchema = z.object({
  containers: z.array(containerSchema).default([]),
  initContainers: z.array(containerSchema).default([]),
  overhead: amounts,
});
type PodSpec = z.infer<typeof podSpecSchema>;

type Amounts = Readonly<Record<string, number>>;

/**
 * What one pod takes of a ResourceQuota, under the names that quotas have for it
 * (https://kubernetes.io/docs/concepts/policy/resource-quotas/): init containers run one after another before the others, those that
 * stay (`restartPolicy: Always`) beside them.
 */
export function podDemand(podSpec: unknown): Record<string, number> {
  const spec = podSpecSchema.parse(podSpec ?? {});
  const demand: Record<string, number> = { pods: 1, "count/pods": 1 };
  for (const side of ["requests", "limits"] as const) {
    const amounts = withOverhead(together(spec, side), spec);
    for (const [resource, amount] of Object.entries(amounts)) {
      demand[`${side}.${resource}`] = amount;
      // The older names, without a side, stand for requests.
      if (side === "requests" && isPlain(resource)) demand[resource] = amount;
    }
  }
  return demand;
}

const isPlain = (resource: string) => ["cpu", "memory", "ephemeral-storage"].includes(resource);

function together(spec: PodSpec, side: "requests" | "limits"): Amounts {
  const initial = spec.initContainers;
  const staying = initial.filter(({ restartPolicy }) => restartPolicy === "Always");
  const passing = initial.filter(({ restartPolicy }) => restartPolicy !== "Always");
  const lasting = sum([...spec.containers, ...staying].map((container) => amountsOf(container, side)));
  return passing.map((container) => amountsOf(container, side)).reduce(greatest, lasting);
}

function withOverhead(amounts: Amounts, spec: PodSpec): Amounts {
  return spec.overhead === undefined || Object.keys(amounts).length === 0
    ? amounts
    : sum([amounts, readAmounts(spec.overhead)]);
}

/** What limits something and asks for nothing asks for its limit. */
function amountsOf({ resources }: Container, side: "requests" | "limits"): Amounts {
  const limits = readAmounts(resources?.limits);
  return side === "limits" ? limits : { ...limits, ...readAmounts(resources?.requests) };
}

export function readAmounts(texts: Readonly<Record<string, string | number>> | undefined): Record<string, number> {
  const read = Object.entries(texts ?? {}).flatMap(([name, text]) => {
    const amount = readQuantity(String(text));
    return amount === null ? [] : [[name, amount] as const];
  });
  return Object.fromEntries(read);
}

function sum(all: readonly Amounts[]): Amounts {
  const total: Record<string, number> = {};
  for (const [name, amount] of all.flatMap((one) => Object.entries(one))) total[name] = (total[name] ?? 0) + amount;
  return total;
}

function greatest(one: Amounts, other: Amounts): Amounts {
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  return Object.fromEntries([...names].map((name) => [name, Math.max(one[name] ?? 0, other[name] ?? 0)]));
}
