import { comparableHost } from "../../domain/pod-hosts.ts";
import type { PodView } from "../../ports/workloads.ts";

/** A pod, and every host that leads to it alone. */
export interface ReachablePod {
  readonly name: string;
  readonly pod: PodView | null;
  /** Missing where nobody looked for them: then the pod's address and its name as a host name's whole first label count. */
  readonly hosts?: readonly string[];
}

/**
 * Which pod a standby remote leads to, or null when that cannot be told. Only where its URL leads counts, never what it is
 * called: a remote can be named after one pod and lead to another. Hosts are compared whole: `orders-1` is not `orders-10`.
 */
export function podOfRemote(
  remote: { readonly name: string; readonly url: string | null },
  pods: readonly ReachablePod[],
): string | null {
  const host = hostOf(remote.url);
  return host === null ? null : podOfHost(host, pods);
}

/** The one pod that a host leads to, as `comparableHost` writes it; null when there is none, or more than one. */
export function podOfHost(host: string, pods: readonly ReachablePod[]): string | null {
  const [only, ...others] = pods.filter((pod) => leadsTo(host, pod));
  return others.length === 0 ? (only?.name ?? null) : null;
}

/** The host of a remote's URL, as hosts are compared; null when it is no URL. */
export function hostOf(url: string | null): string | null {
  if (url === null || !URL.canParse(url)) return null;
  const host = comparableHost(new URL(url).hostname);
  return host === "" ? null : host;
}

function leadsTo(host: string, { name, pod, hosts }: ReachablePod): boolean {
  if (hosts !== undefined) return hosts.includes(host);
  return pod?.ip === host || host.split(".")[0] === name;
}
