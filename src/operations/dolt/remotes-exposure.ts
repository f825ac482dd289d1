import type { IngressRule, LabelSelector, Surroundings } from "../../ports/surroundings.ts";

export type Exposure =
  | { readonly kind: "guarded" }
  /** No policy selects the pod, so everybody may connect to every port. */
  | { readonly kind: "unguarded" }
  /** Policies select it, and these open the port to everybody. */
  | { readonly kind: "open"; readonly policies: readonly string[] };

/**
 * Who may reach a port of a pod, as NetworkPolicies say (https://kubernetes.io/docs/concepts/services-networking/network-policies/):
 * one that selects a pod closes it, and what any of them opens is open. Whether the cluster's network enforces them cannot be
 * seen here.
 */
export function exposureOf(
  labels: Readonly<Record<string, string>>,
  port: number,
  { networkPolicies, ports }: Surroundings,
): Exposure {
  const policies = networkPolicies.seen ? networkPolicies.value : [];
  const selecting = policies.filter(({ ingress, pods }) => ingress !== null && selects(pods, labels));
  if (selecting.length === 0) return { kind: "unguarded" };
  const open = selecting.filter(({ ingress }) =>
    ingress?.some((rule) => rule.fromEverywhere && covers(rule, port, ports)),
  );
  return open.length === 0 ? { kind: "guarded" } : { kind: "open", policies: open.map(({ name }) => name) };
}

export function selects(selector: LabelSelector, labels: Readonly<Record<string, string>>): boolean {
  const equal = Object.entries(selector.matchLabels).every(([key, value]) => labels[key] === value);
  return (
    equal &&
    selector.matchExpressions.every(({ key, operator, values }) => {
      const value = labels[key];
      switch (operator) {
        case "In":
          return value !== undefined && values.includes(value);
        case "NotIn":
          return value === undefined || !values.includes(value);
        case "Exists":
          return value !== undefined;
        case "DoesNotExist":
          return value === undefined;
        default:
          return false;
      }
    })
  );
}

function covers(rule: IngressRule, port: number, names: ReadonlyMap<string, number>): boolean {
  if (rule.ports === null) return true;
  return rule.ports.some(({ port: given, endPort }) => {
    if (given === null) return true;
    const from = typeof given === "number" ? given : names.get(given);
    return from !== undefined && port >= from && port <= (endPort ?? from);
  });
}
