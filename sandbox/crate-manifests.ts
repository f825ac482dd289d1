/**
 * The Kubernetes objects of a CrateDB cluster as crate-operator makes them (crate/operator/create.py): one StatefulSet for the
 * dedicated masters, one for each data group, `OnDelete` and `Parallel`, start-up arguments as `-C…` items of the container
 * `crate`. Pure: nothing is created here.
 */
import type { V1Container, V1Namespace, V1Secret, V1Service, V1StatefulSet } from "@kubernetes/client-node";
import type { CrateTargetSpec } from "./crate-target.ts";

export const CRATE_HTTP_PORT = 4200;

const NAME_LABEL = "app.kubernetes.io/name";
const COMPONENT_LABEL = "app.kubernetes.io/component";
const NODE_NAME_LABEL = "cloud.crate.io/node-name";

/** In the container's environment: the hooks of dc_util are simulated. No real node knows it. */
export const DC_UTIL_VARIABLE = "SIMULATED_DC_UTIL";

export interface CrateObjects {
  readonly namespace: V1Namespace;
  /** Null: the super user, who needs none. */
  readonly secret: V1Secret | null;
  readonly services: readonly V1Service[];
  readonly statefulSets: readonly V1StatefulSet[];
}

interface Group {
  /** As the node's name begins: `master`, `data-hot`. */
  readonly nodePrefix: string;
  readonly statefulSet: string;
  readonly nodeName: string;
  readonly replicas: number;
  readonly isMasterEligible: boolean;
  readonly holdsData: boolean;
}

export function crateObjects(
  spec: CrateTargetSpec,
  login: { username: string; password: string } | null,
): CrateObjects {
  const { namespace } = spec;
  const data = login === null ? null : { username: encoded(login.username), password: encoded(login.password) };
  return {
    namespace: { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } },
    secret:
      data === null
        ? null
        : { apiVersion: "v1", kind: "Secret", metadata: metadata(spec, secretName(spec)), type: "Opaque", data },
    services: [
      service(spec, `crate-${spec.name}`, { [NAME_LABEL]: spec.name }, undefined),
      service(spec, discoveryService(spec), { [NAME_LABEL]: spec.name }, "None"),
    ],
    statefulSets: groupsOf(spec).map((group) => statefulSet(spec, group, data !== null)),
  };
}

/** Names of the pods, masters first. */
export function cratePods(spec: CrateTargetSpec): string[] {
  return groupsOf(spec).flatMap(({ statefulSet: set, replicas }) =>
    Array.from({ length: replicas }, (_, ordinal) => `${set}-${ordinal}`),
  );
}

/** Without dedicated masters, the first data group is master-eligible (crate-operator). */
export function groupsOf({ name, masters = 0, groups }: CrateTargetSpec): Group[] {
  const data = Object.entries(groups).map(
    ([group, replicas], index): Group => ({
      nodePrefix: `data-${group}`,
      statefulSet: `crate-data-${group}-${name}`,
      nodeName: group,
      replicas,
      isMasterEligible: masters === 0 && index === 0,
      holdsData: true,
    }),
  );
  if (masters === 0) return data;
  const own: Group = {
    nodePrefix: "master",
    statefulSet: `crate-master-${name}`,
    nodeName: "master",
    replicas: masters,
    isMasterEligible: true,
    holdsData: false,
  };
  return [own, ...data];
}

function statefulSet(spec: CrateTargetSpec, group: Group, hasSecret: boolean): V1StatefulSet {
  const labels = { ...labelsOf(spec), [NODE_NAME_LABEL]: group.nodeName };
  return {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: {
      name: group.statefulSet,
      namespace: spec.namespace,
      labels,
      annotations: {
        "handover.dev/engine": "cratedb",
        "handover.dev/name": spec.name,
        ...(hasSecret ? { "handover.dev/credentials-secret": secretName(spec) } : {}),
        ...spec.annotations,
      },
    },
    spec: {
      replicas: group.replicas,
      podManagementPolicy: "Parallel",
      updateStrategy: { type: spec.updateStrategy ?? "OnDelete" },
      serviceName: discoveryService(spec),
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          terminationGracePeriodSeconds: spec.gracePeriodSeconds ?? 1200,
          containers: [container(spec, group)],
        },
      },
    },
  };
}

function container(spec: CrateTargetSpec, group: Group): V1Container {
  const start = ["/docker-entrypoint.sh", "crate"];
  const settings = Object.entries(startUpSettings(spec, group)).map(([name, value]) => `-C${name}=${value}`);
  const inArgs = spec.argumentsIn === "args";
  return {
    name: "crate",
    image: `crate:${spec.version ?? "6.4.1"}`,
    imagePullPolicy: "Never",
    command: inArgs ? start.slice(0, 1) : [...start, ...settings],
    ...(inArgs ? { args: [...start.slice(1), ...settings] } : {}),
    env: spec.dcUtil === true ? [{ name: DC_UTIL_VARIABLE, value: "1" }] : [],
    ports: [
      { name: "http", containerPort: CRATE_HTTP_PORT },
      { name: "postgres", containerPort: 5432 },
      { name: "transport", containerPort: 4300 },
    ],
    readinessProbe: { httpGet: { path: "/", port: "http" }, periodSeconds: 5, timeoutSeconds: 5, failureThreshold: 3 },
    ...(spec.dcUtil === true ? { lifecycle: dcUtilHooks } : {}),
  };
}

/** What crate-operator has its pods call around a stop and a start. */
const dcUtilHooks: NonNullable<V1Container["lifecycle"]> = {
  postStart: { exec: { command: ["/bin/sh", "-c", "./dc_util-linux-x86_64 --reset-routing || true"] } },
  preStop: {
    exec: {
      command: ["/bin/sh", "-c", "./dc_util-linux-x86_64 --min-availability PRIMARIES --timeout 720s || true"],
    },
  },
};

function startUpSettings(spec: CrateTargetSpec, group: Group): Record<string, string> {
  const groups = groupsOf(spec);
  const sum = (all: readonly Group[]) => all.reduce((total, { replicas }) => total + replicas, 0);
  const dataNodes = sum(groups.filter(({ holdsData }) => holdsData));
  const masters = groups.filter(({ isMasterEligible }) => isMasterEligible);
  const initial = masters.flatMap(({ nodePrefix, replicas }) =>
    Array.from({ length: replicas }, (_, ordinal) => `${nodePrefix}-${ordinal}`),
  );
  const ofGroup = spec.attributes?.[group.nodeName] ?? {};
  return {
    "cluster.name": spec.name,
    "node.name": `${group.nodePrefix}-$(hostname | awk -F- '{print $NF}')`,
    "cluster.initial_master_nodes": initial.join(","),
    "gateway.recover_after_data_nodes": String(Math.floor(dataNodes / 2) + 1),
    "gateway.expected_data_nodes": String(dataNodes),
    "node.master": String(group.isMasterEligible),
    "node.data": String(group.holdsData),
    "node.attr.node_name": group.nodeName,
    ...Object.fromEntries(Object.entries(ofGroup).map(([name, value]) => [`node.attr.${name}`, value])),
    ...spec.settings,
  };
}

function service(
  spec: CrateTargetSpec,
  name: string,
  selector: Record<string, string>,
  clusterIP: string | undefined,
): V1Service {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: metadata(spec, name),
    spec: {
      ...(clusterIP === undefined ? {} : { clusterIP, publishNotReadyAddresses: true }),
      selector,
      ports: [{ name: "http", port: CRATE_HTTP_PORT, targetPort: "http" }],
    },
  };
}

function metadata(spec: CrateTargetSpec, name: string) {
  return { name, namespace: spec.namespace, labels: labelsOf(spec) };
}

function labelsOf({ name }: Pick<CrateTargetSpec, "name">): Record<string, string> {
  return { [NAME_LABEL]: name, [COMPONENT_LABEL]: "cratedb", "app.kubernetes.io/part-of": "cratedb" };
}

const encoded = (text: string) => Buffer.from(text).toString("base64");
const secretName = ({ name }: CrateTargetSpec) => `${name}-credentials`;
const discoveryService = ({ name }: CrateTargetSpec) => `crate-discovery-${name}`;
