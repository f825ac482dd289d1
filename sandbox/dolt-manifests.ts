/**
 * The Kubernetes objects of a Dolt target, as an operator would write them, for every kind of cluster: the embedded one,
 * the control plane of real processes and the whole one. Pure: nothing is created here.
 *
 * The conventions are doltclusterctl's: a StatefulSet with `podManagementPolicy: Parallel`, a container `dolt` with a port
 * named `dolt`, a headless Service, and Services that select the label `dolthub.com/cluster_role`. Beyond them each pod has
 * a ClusterIP Service of its own for replication: its address outlives the pod, so that a restarted standby replicates again
 * after 2–3 s, where through the headless name it took about 29 s.
 */
import type {
  V1ConfigMap,
  V1Container,
  V1EnvVar,
  V1Namespace,
  V1Secret,
  V1Service,
  V1StatefulSet,
} from "@kubernetes/client-node";
import { stringify } from "yaml";
import type { DoltTargetSpec } from "./handle.ts";

/** Port of the SQL server in every pod. */
export const SQL_PORT = 3306;
/** Port of the remotes API, over which a primary replicates. */
export const REPLICATION_PORT = 50051;
/** The user of the credentials Secret. */
export const ROOT_USER = "root";
/** Label of a pod by its role, on which the `-rw` and `-ro` Services select. */
export const ROLE_LABEL = "dolthub.com/cluster_role";
/** Where a container sees its volume and its configuration. */
export const DATA_PATH = "/var/lib/dolt";
export const CONFIG_PATH = "/etc/dolt";

/** Variable that names the folder of a server's certificate and key. */
const TLS_FOLDER = "DOLT_TLS_FOLDER";
const INSTANCE_LABEL = "app.kubernetes.io/instance";
/** Set on each pod by the StatefulSet's controller; what a pod's own Service selects. */
export const POD_NAME_LABEL = "statefulset.kubernetes.io/pod-name";

/** What depends on the kind of cluster rather than on the target. */
export interface DoltPlacement {
  readonly image: string;
  /** Folder on the node; each pod's volume is the folder in it that has the pod's name, and so outlives the pod. */
  readonly volumesFolder: string;
  /**
   * Address the servers listen on. Pods that are processes on one machine listen on `${POD_IP}` only (Dolt replaces
   * environment variables in its configuration), pods with a network of their own on `0.0.0.0`.
   */
  readonly listenAddress: string;
  /** `HOST:PORT` by which the server of pod `from` reaches the remotes API of pod `to`; no two the same for one `from`. */
  readonly replicationAddress: (from: string, to: string) => string;
  /** Of the user `root`, whom a server creates when it first starts on an empty volume, and as whom Handover connects. */
  readonly rootPassword: string;
}

export interface DoltObjects {
  readonly namespace: V1Namespace;
  readonly secret: V1Secret;
  readonly configMap: V1ConfigMap;
  readonly services: readonly V1Service[];
  readonly statefulSet: V1StatefulSet;
}

/** Names of the target's pods, in the order of their ordinals; the first boots as the primary. */
export function doltPods(spec: Pick<DoltTargetSpec, "name" | "replicas">): string[] {
  return Array.from({ length: spec.replicas }, (_, ordinal) => `${spec.name}-${ordinal}`);
}

/** `HOST:PORT` of the ClusterIP Service that a pod has for replication, as other pods resolve it. */
export function replicationServiceAddress(namespace: string, pod: string): string {
  return `${pod}-repl.${namespace}.svc:${REPLICATION_PORT}`;
}

/** `HOST:PORT` of a pod by the name that it has under the headless Service. */
export function headlessAddress(spec: Pick<DoltTargetSpec, "name" | "namespace">, pod: string): string {
  return `${pod}.${headlessService(spec)}.${spec.namespace}.svc:${REPLICATION_PORT}`;
}

/** Name of the Service that leads to the primary (`-rw`) or to the standbys (`-ro`). */
export function roleService(target: string, access: "rw" | "ro"): string {
  return `${target}-${access}`;
}

export function doltObjects(spec: DoltTargetSpec, placement: DoltPlacement): DoltObjects {
  return {
    namespace: { apiVersion: "v1", kind: "Namespace", metadata: { name: spec.namespace } },
    secret: {
      apiVersion: "v1",
      kind: "Secret",
      metadata: metadata(spec, credentialsSecret(spec)),
      type: "Opaque",
      data: {
        username: Buffer.from(ROOT_USER).toString("base64"),
        password: Buffer.from(placement.rootPassword).toString("base64"),
      },
    },
    configMap: {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: metadata(spec, configMapName(spec)),
      data: {
        ...Object.fromEntries(doltPods(spec).map((pod) => [`${pod}.yaml`, serverConfig(spec, placement, pod)])),
        ...(spec.tls === undefined ? {} : { "tls.crt": spec.tls.certificate, "tls.key": spec.tls.key }),
      },
    },
    services: services(spec),
    statefulSet: statefulSet(spec, placement),
  };
}

/** The configuration file of one server (https://docs.dolthub.com/sql-reference/server/configuration). */
export function serverConfig(spec: DoltTargetSpec, placement: DoltPlacement, pod: string): string {
  const others = doltPods(spec).filter((other) => other !== pod);
  return stringify({
    log_level: "info",
    listener: {
      host: placement.listenAddress,
      port: spec.sqlPort ?? SQL_PORT,
      max_connections: 1000,
      ...(spec.tls === undefined ? {} : listenerTls(spec.tls)),
    },
    cluster: {
      standby_remotes: others.map((other) => ({
        name: other,
        remote_url_template: `http://${placement.replicationAddress(pod, other)}/{database}`,
      })),
      bootstrap_role: pod === doltPods(spec)[0] ? "primary" : "standby",
      bootstrap_epoch: 1,
      remotesapi: { address: placement.listenAddress, port: REPLICATION_PORT },
    },
  });
}

/** The server puts the variable in, so that the path is right where containers are processes too. */
function listenerTls({ required }: NonNullable<DoltTargetSpec["tls"]>) {
  const folder = `\${${TLS_FOLDER}}`;
  return { tls_cert: `${folder}/tls.crt`, tls_key: `${folder}/tls.key`, require_secure_transport: required };
}

function statefulSet(spec: DoltTargetSpec, placement: DoltPlacement): V1StatefulSet {
  const labels = instanceLabels(spec);
  return {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: {
      ...metadata(spec, spec.name),
      annotations: {
        "handover.dev/engine": "dolt",
        "handover.dev/name": spec.name,
        "handover.dev/credentials-secret": credentialsSecret(spec),
        ...spec.annotations,
      },
    },
    spec: {
      replicas: spec.replicas,
      podManagementPolicy: "Parallel",
      // A change of the template must not restart a primary behind the back of whoever hands it over.
      updateStrategy: { type: "OnDelete" },
      serviceName: headlessService(spec),
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          terminationGracePeriodSeconds: 30,
          containers: [doltContainer(spec, placement)],
          volumes: [
            { name: "config", configMap: { name: configMapName(spec) } },
            { name: "data", hostPath: { path: placement.volumesFolder, type: "DirectoryOrCreate" } },
          ],
        },
      },
    },
  };
}

function doltContainer(spec: DoltTargetSpec, placement: DoltPlacement): V1Container {
  const secret = credentialsSecret(spec);
  return {
    name: "dolt",
    image: placement.image,
    imagePullPolicy: "Never",
    command: ["dolt", "sql-server", "--config", `${CONFIG_PATH}/$(POD_NAME).yaml`],
    workingDir: DATA_PATH,
    env: [
      fieldVariable("POD_NAME", "metadata.name"),
      fieldVariable("POD_IP", "status.podIP"),
      // Role and epoch are persisted below this folder, so it has to lie on the pod's own volume.
      { name: "DOLT_ROOT_PATH", value: DATA_PATH },
      { name: "DOLT_ROOT_HOST", value: "%" },
      { name: "DOLT_ROOT_PASSWORD", valueFrom: { secretKeyRef: { name: secret, key: "password" } } },
      // Of the probe's client. Every `dolt` command ends at once when it finds a password without a user.
      { name: "DOLT_CLI_USER", value: ROOT_USER },
      { name: "DOLT_CLI_PASSWORD", valueFrom: { secretKeyRef: { name: secret, key: "password" } } },
      ...(spec.tls === undefined ? [] : [{ name: TLS_FOLDER, value: CONFIG_PATH }]),
      // Nothing is sent to the makers of Dolt from a test.
      { name: "DOLT_DISABLE_EVENT_FLUSH", value: "1" },
    ],
    ports: [
      { name: "dolt", containerPort: spec.sqlPort ?? SQL_PORT },
      { name: "remotesapi", containerPort: REPLICATION_PORT },
    ],
    // The port opens before the server answers: only a query tells that it is ready.
    readinessProbe: {
      exec: {
        command: [
          "dolt",
          "--host=127.0.0.1",
          `--port=${spec.sqlPort ?? SQL_PORT}`,
          "--no-tls",
          "sql",
          "-q",
          "SELECT 1",
        ],
      },
      // Each probe is a process of its own: every second in three pods, they would take half a core.
      periodSeconds: 5,
      timeoutSeconds: 5,
      failureThreshold: 3,
    },
    volumeMounts: [
      { name: "config", mountPath: CONFIG_PATH, readOnly: true },
      { name: "data", mountPath: DATA_PATH, subPathExpr: "$(POD_NAME)" },
    ],
  };
}

function services(spec: DoltTargetSpec): V1Service[] {
  const sql = { name: "dolt", port: SQL_PORT, targetPort: "dolt" };
  const replication = { name: "remotesapi", port: REPLICATION_PORT, targetPort: "remotesapi" };
  const labels = instanceLabels(spec);
  return [
    service(spec, headlessService(spec), {
      clusterIP: "None",
      publishNotReadyAddresses: true,
      selector: labels,
      ports: [sql, replication],
    }),
    service(spec, roleService(spec.name, "rw"), { selector: { ...labels, [ROLE_LABEL]: "primary" }, ports: [sql] }),
    service(spec, roleService(spec.name, "ro"), { selector: { ...labels, [ROLE_LABEL]: "standby" }, ports: [sql] }),
    ...replicationServices(spec),
  ];
}

/** One Service a pod: its address outlives the pod. */
export function replicationServices(spec: DoltTargetSpec): V1Service[] {
  return doltPods(spec).map((pod) =>
    service(spec, `${pod}-repl`, {
      // A server replicates before it is ready, and must, or it never catches up.
      publishNotReadyAddresses: true,
      selector: { ...instanceLabels(spec), [POD_NAME_LABEL]: pod },
      ports: [{ name: "remotesapi", port: REPLICATION_PORT, targetPort: "remotesapi" }],
    }),
  );
}

function service(spec: DoltTargetSpec, name: string, body: NonNullable<V1Service["spec"]>): V1Service {
  return { apiVersion: "v1", kind: "Service", metadata: metadata(spec, name), spec: body };
}

function metadata(spec: DoltTargetSpec, name: string) {
  return { name, namespace: spec.namespace, labels: instanceLabels(spec) };
}

/** On every object and pod of a target. */
export function instanceLabels(spec: Pick<DoltTargetSpec, "name">): Record<string, string> {
  return { "app.kubernetes.io/name": "dolt", [INSTANCE_LABEL]: spec.name };
}

function fieldVariable(name: string, fieldPath: string): V1EnvVar {
  return { name, valueFrom: { fieldRef: { fieldPath } } };
}

const headlessService = (spec: Pick<DoltTargetSpec, "name">) => `${spec.name}-internal`;
const configMapName = (spec: DoltTargetSpec) => `${spec.name}-config`;
const credentialsSecret = (spec: DoltTargetSpec) => `${spec.name}-credentials`;
