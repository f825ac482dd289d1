import type {
  V1ConfigMap,
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

/** Reads what may be read, all at the same time; what may not says why. Throws nothing but for a StatefulSet that cannot be read. */
export async function readSurroundings(
  api: KubernetesApi,
  statefulSet: V1StatefulSet,
  podNames: readonly string[],
  signal: AbortSignal,
): Promise<Surroundings> {
  const namespace = statefulSet.metadata?.namespace ?? "";
  const spec = statefulSet.spec?.template.spec;
  const [networkPolicies, configurations] = await Promise.all([
    seen(readNetworkPolicies(api, namespace, signal)),
    seen(readConfigurations(api, namespace, spec, podNames, signal)),
  ]);
  return { networkPolicies, configurations, ports: portsOf(spec) };
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

/** The ConfigMaps that the pods mount, and in them the file of each pod. */
async function readConfigurations(
  api: KubernetesApi,
  namespace: string,
  spec: V1PodSpec | undefined,
  podNames: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const names = mountedConfigMaps(spec);
  const maps = await Promise.all(
    names.map((name) =>
      api.call(`reading ConfigMap ${namespace}/${name}`, signal, (options) =>
        api.core.readNamespacedConfigMap({ name, namespace }, options),
      ),
    ),
  );
  return configurationsOf(maps, startedWith(spec), podNames);
}

function mountedConfigMaps(spec: V1PodSpec | undefined): string[] {
  const names = (spec?.volumes ?? []).flatMap(({ configMap, projected }) => [
    configMap?.name,
    ...(projected?.sources ?? []).map((source) => source.configMap?.name),
  ]);
  return [...new Set(names.filter((name) => name !== undefined))];
}

/** The value of `--config` among the server's words, as written; null when there is none. */
function startedWith(spec: V1PodSpec | undefined): string | null {
  const { command = [], args = [] } = serverContainerOf(spec) ?? {};
  const words = [...command, ...args];
  const joined = words.find((word) => word.startsWith("--config="))?.slice("--config=".length);
  const at = words.indexOf("--config");
  return joined ?? (at < 0 ? null : (words[at + 1] ?? null));
}

/**
 * The YAML of each pod: the file that `--config` names, or, where an init container copies it from there, the one of the
 * pod's own name; or the only one there is, for all pods alike.
 */
export function configurationsOf(
  configMaps: readonly V1ConfigMap[],
  configPath: string | null,
  podNames: readonly string[],
): ReadonlyMap<string, string> {
  const files = new Map(configMaps.flatMap(({ data }) => Object.entries(data ?? {})));
  const yamls = [...files].filter(([name, text]) => /\.ya?ml$/.test(name) && /^cluster:/m.test(text));
  const [only] = yamls;
  return new Map(
    podNames.flatMap((pod): [string, string][] => {
      const named = configPath
        ?.split("/")
        .at(-1)
        ?.replaceAll(/\$[({]?(?:POD_NAME|HOSTNAME)[)}]?/g, pod);
      const own = [named, `${pod}.yaml`, `${pod}.yml`].flatMap((name) => files.get(name ?? "") ?? []);
      const text = own[0] ?? (yamls.length === 1 ? only?.[1] : undefined);
      return text === undefined ? [] : [[pod, text]];
    }),
  );
}

function portsOf(spec: V1PodSpec | undefined): ReadonlyMap<string, number> {
  const container: V1Container | null = serverContainerOf(spec);
  return new Map((container?.ports ?? []).flatMap(({ name, containerPort }) => (name ? [[name, containerPort]] : [])));
}
