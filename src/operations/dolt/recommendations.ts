import { stringify } from "yaml";
import { comparableHost, hostsOfPod, podNameLabel } from "../../domain/pod-hosts.ts";
import type { Seen, Surroundings } from "../../ports/surroundings.ts";
import { isAnswering } from "./assess.ts";
import type { DoltView } from "./look.ts";
import { hostOf } from "./remotes.ts";
import { type Exposure, exposureOf } from "./remotes-exposure.ts";
import { defaultRemotesPort } from "./server-configuration.ts";

/** What nobody has to mend tonight, and what makes the next night shorter. */
export interface Recommendation {
  readonly code: RecommendationCode;
  /** `demand`: without it anybody in the cluster can end the database's service. */
  readonly kind: "demand" | "advice" | "note";
  readonly text: string;
  /** What to apply, as YAML or a command; null where there is nothing. */
  readonly manifest: string | null;
}

export const recommendationCodes = [
  "network_policy_missing",
  "network_policy_open",
  "network_policy_unseen",
  "service_per_pod",
  "on_delete",
  "configuration_unseen",
] as const;
export type RecommendationCode = (typeof recommendationCodes)[number];

/**
 * @param surroundings null: they could not be read at all
 * @param configurations whether the servers' configuration was seen; what it says is in the view
 */
export function recommendationsOf(
  view: DoltView,
  surroundings: Surroundings | null,
  configurations: Seen<unknown>,
): Recommendation[] {
  return [
    ...networkPolicy(view, surroundings),
    ...servicePerPod(view),
    ...onDelete(view),
    ...(configurations.seen ? [] : [unseenConfiguration(configurations.why)]),
  ];
}

function networkPolicy(view: DoltView, surroundings: Surroundings | null): Recommendation[] {
  const port = remotesPortOf(view);
  const why = "whoever reaches that port can demote the primary without a password";
  if (surroundings === null || !surroundings.networkPolicies.seen) {
    const reason =
      surroundings?.networkPolicies.seen === false ? surroundings.networkPolicies.why : "no answer in time";
    const text = `Could not look whether a NetworkPolicy guards port ${port} of the servers (${reason}). One is a must: ${why}.`;
    return [{ code: "network_policy_unseen", kind: "note", text, manifest: null }];
  }
  const exposures = view.nodes.flatMap(({ name, pod }): { name: string; exposure: Exposure }[] =>
    pod === null ? [] : [{ name, exposure: exposureOf(pod.labels, port, surroundings) }],
  );
  const unguarded = exposures.filter(({ exposure }) => exposure.kind === "unguarded").map(({ name }) => name);
  const open = exposures.flatMap(({ exposure }) => (exposure.kind === "open" ? exposure.policies : []));
  const manifest = networkPolicyManifest(view, port);
  const found: Recommendation[] = [];
  if (unguarded.length > 0) {
    const text = `No NetworkPolicy guards port ${port} (replication) of ${unguarded.join(", ")}: ${why}. Only the servers themselves may reach it.`;
    found.push({ code: "network_policy_missing", kind: "demand", text, manifest });
  }
  if (open.length > 0) {
    const names = [...new Set(open)].join(", ");
    const text = `The NetworkPolicy ${names} opens port ${port} (replication) to everybody: ${why}. Only the servers themselves may reach it.`;
    found.push({ code: "network_policy_open", kind: "demand", text, manifest });
  }
  return found;
}

/** Only the servers reach the remotes API; every other port stays as open as it was. */
function networkPolicyManifest(view: DoltView, port: number): string {
  const podSelector = { matchLabels: selectorOf(view) };
  const below = { port: 1, endPort: port - 1 };
  const above = { port: port + 1, endPort: 65_535 };
  return yaml({
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name: `${view.workload.name}-replication`, namespace: view.workload.namespace },
    spec: {
      podSelector,
      policyTypes: ["Ingress"],
      ingress: [{ from: [{ podSelector }], ports: [{ port }] }, { ports: [below, above] }],
    },
  });
}

/**
 * A headless name, or a pod's own address, changes what it means when the pod is restarted: the primary dials the old one for
 * about 29 s more; through a ClusterIP Service of the pod's own it is 2–3 s (docs/tuning.md).
 */
function servicePerPod(view: DoltView): Recommendation[] {
  const moving = view.workload.pods.filter(({ name, pod }) => {
    const ip = pod?.ip ?? null;
    // What leads to the pod without any Service of its own: exactly what moves with it.
    const hosts = hostsOfPod({ name, ip }, view.workload, []);
    return remoteHosts(view).some((host) => hosts.includes(host));
  });
  if (moving.length === 0) return [];
  const text = `Replication reaches ${moving.map(({ name }) => name).join(", ")} by a headless name or a pod's address: after a restart it takes about 29 s until the primary finds it again, and a demotion before that stops writes for 10 s and fails. Through a Service of the pod's own it is 2–3 s. Give the remotes NEW names along with the new addresses, because a stored remote wins over the template.`;
  return [{ code: "service_per_pod", kind: "advice", text, manifest: serviceManifest(view) }];
}

/** Hosts that any server replicates to, from what is stored and from what is configured. */
function remoteHosts(view: DoltView): string[] {
  const stored = view.nodes.filter(isAnswering).flatMap(({ answer }) => answer.replication.map((row) => row.remoteUrl));
  const configured = [...(view.configurations?.values() ?? [])].flatMap(({ remotes }) =>
    remotes.map(({ urlTemplate }) => urlTemplate),
  );
  return [...new Set([...stored, ...configured].flatMap((url) => hostOf(url) ?? []))].map(comparableHost);
}

function serviceManifest(view: DoltView): string {
  const port = remotesPortOf(view);
  const { namespace } = view.workload;
  return view.workload.pods
    .map(({ name }) =>
      yaml({
        apiVersion: "v1",
        kind: "Service",
        metadata: { name: `${name}-repl`, namespace },
        spec: {
          // A server replicates before it is ready, and must, or it never catches up.
          publishNotReadyAddresses: true,
          selector: { [podNameLabel]: name },
          ports: [{ name: "remotesapi", port }],
        },
      }),
    )
    .join("---\n");
}

function onDelete(view: DoltView): Recommendation[] {
  const { rollsFromOrdinal, replicas, name, namespace } = view.workload;
  if (rollsFromOrdinal === null || rollsFromOrdinal >= replicas) return [];
  const text = `The controller of the StatefulSet may delete pods by itself after a change, the primary without a demotion as well. With OnDelete it leaves that to the rolling restart.`;
  const manifest = `kubectl patch statefulset -n ${namespace} ${name} --type merge -p '{"spec":{"updateStrategy":{"type":"OnDelete","rollingUpdate":null}}}'\n`;
  return [{ code: "on_delete", kind: "advice", text, manifest }];
}

function unseenConfiguration(why: string): Recommendation {
  const text = `Could not look at the servers' configuration (${why}), so what it says of bootstrap roles and remotes was not checked.`;
  return { code: "configuration_unseen", kind: "note", text, manifest: null };
}

/** As configured; else as the stored remotes have it; else Dolt's own convention. */
export function remotesPortOf(view: DoltView): number {
  const [configuration] = view.configurations?.values() ?? [];
  if (configuration !== undefined) return configuration.remotesPort;
  const urls = view.nodes.filter(isAnswering).flatMap(({ answer }) => answer.replication.map((row) => row.remoteUrl));
  const ports = urls.flatMap((url) => (url !== null && URL.canParse(url) ? Number(new URL(url).port) || [] : []));
  return ports[0] ?? defaultRemotesPort;
}

/** Labels that every pod of the target has, and that do not change with its role, its revision or its name. */
function selectorOf(view: DoltView): Record<string, string> {
  const all = view.workload.pods.flatMap(({ pod }) => (pod === null ? [] : [pod.labels]));
  const [first = {}] = all;
  const changing = [
    /^statefulset\.kubernetes\.io\//,
    /^apps\.kubernetes\.io\//,
    /^controller-revision-hash$/,
    /cluster_role$/,
  ];
  return Object.fromEntries(
    Object.entries(first).filter(
      ([key, value]) => !changing.some((one) => one.test(key)) && all.every((labels) => labels[key] === value),
    ),
  );
}

/** Without anchors: people read it, and other tools apply it. */
function yaml(object: unknown): string {
  return stringify(object, { aliasDuplicateObjects: false });
}
