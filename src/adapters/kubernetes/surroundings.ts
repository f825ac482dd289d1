import type {
  V1Container,
  V1LabelSelector,
  V1NetworkPolicy,
  V1NetworkPolicyIngressRule,
  V1PodSpec,
  V1StatefulSet,
} from "@kubernetes/client-node";
import { HandoverError } from "../../domain/errors.ts";
import type { IngressRule, LabelSelector, NetworkPolicyView, Seen, Surroundings } from "../../ports/surroundings.ts";
import type { KubernetesApi } from "./api.ts";
import { serverContainerOf } from "./pod-view.ts";

/** Reads what may be read; what may not says why. */
export async function readSurroundings(
  api: KubernetesApi,
  statefulSet: V1StatefulSet,
  signal: AbortSignal,
): Promise<Surroundings> {
  const namespace = statefulSet.metadata?.namespace ?? "";
  return {
    networkPolicies: await seen(readNetworkPolicies(api, namespace, signal)),
    ports: portsOf(statefulSet.spec?.template.spec),
  };
}

async function seen<T>(reading: Promise<T>): Promise<Seen<T>> {
  try {
    return { seen: true, value: await reading };
  } catch (error) {
    if (error instanceof HandoverError) return { seen: false, why: error.problem.what };
    throw error;
  }
}

async function readNetworkPolicies(
  api: KubernetesApi,
  namespace: string,
  signal: AbortSignal,
): Promise<NetworkPolicyView[]> {
  const { items } = await api.list<V1NetworkPolicy>(
    `listing NetworkPolicies of ${namespace}`,
    signal,
    (page, options) => api.networking.listNamespacedNetworkPolicy({ namespace, ...page }, options),
  );
  return items.map(networkPolicyView);
}

/** Without `policyTypes` a policy holds for incoming connections (https://kubernetes.io/docs/concepts/services-networking/network-policies/). */
export function networkPolicyView({ metadata, spec }: V1NetworkPolicy): NetworkPolicyView {
  const isIngress = spec?.policyTypes?.includes("Ingress") ?? true;
  return {
    name: metadata?.name ?? "",
    pods: selectorOf(spec?.podSelector),
    ingress: isIngress ? (spec?.ingress ?? []).map(ingressRule) : null,
  };
}

function ingressRule({ _from: from, ports }: V1NetworkPolicyIngressRule): IngressRule {
  const everywhere = ["0.0.0.0/0", "::/0"];
  return {
    ports: ports?.length
      ? ports
          .filter(({ protocol }) => (protocol ?? "TCP") === "TCP")
          .map(({ port, endPort }) => ({ port: port ?? null, endPort: endPort ?? null }))
      : null,
    fromEverywhere:
      !from?.length || from.some(({ ipBlock }) => ipBlock !== undefined && everywhere.includes(ipBlock.cidr)),
  };
}

function selectorOf(selector: V1LabelSelector | undefined): LabelSelector {
  return {
    matchLabels: selector?.matchLabels ?? {},
    matchExpressions: (selector?.matchExpressions ?? []).map(({ key, operator, values }) => ({
      key,
      operator,
      values: values ?? [],
    })),
  };
}

function portsOf(spec: V1PodSpec | undefined): ReadonlyMap<string, number> {
  const container: V1Container | null = serverContainerOf(spec);
  return new Map((container?.ports ?? []).flatMap(({ name, containerPort }) => (name ? [[name, containerPort]] : [])));
}
