import type { PodView } from "../../ports/workloads.ts";

/**
 * Which pod a standby remote leads to, or null when that cannot be told. A remote is a pod's when its name is the pod's
 * name, whole, and its address does not belong to another pod. Never by prefix: `orders-1` is not `orders-10`.
 */
export function podOfRemote(
  remote: { readonly name: string; readonly url: string | null },
  pods: readonly { readonly name: string; readonly pod: PodView | null }[],
): string | null {
  const byAddress = podOfAddress(remote.url, pods);
  const byName = pods.find((pod) => pod.name === remote.name)?.name ?? null;
  if (byName !== null && byAddress !== null && byName !== byAddress) return null;
  return byName ?? byAddress;
}

function podOfAddress(
  url: string | null,
  pods: readonly { readonly name: string; readonly pod: PodView | null }[],
): string | null {
  if (url === null || !URL.canParse(url)) return null;
  const host = new URL(url).hostname;
  const firstLabel = host.split(".")[0];
  return pods.find(({ name, pod }) => pod?.ip === host || name === firstLabel)?.name ?? null;
}
