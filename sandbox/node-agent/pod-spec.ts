import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { CoreV1Api, V1Container, V1EnvVar, V1Pod, V1Volume, V1VolumeMount } from "@kubernetes/client-node";
import type { ContainerMount, ContainerSpec } from "./runtime.ts";

/** Where the agent keeps what pods mount. */
export interface PodFolders {
  /** For volumes that end with their pod: ConfigMaps, Secrets, emptyDirs. */
  readonly ephemeral: string;
}

/** The identity a pod must have before it can run. Throws for a pod that did not come from an API server. */
export function podIdentity(pod: V1Pod): { namespace: string; name: string; uid: string } {
  const { namespace, name, uid } = pod.metadata ?? {};
  if (namespace === undefined || name === undefined || uid === undefined) {
    throw new Error("a pod without namespace, name or uid cannot be run");
  }
  return { namespace, name, uid };
}

/**
 * Resolves one container of a pod into what a runtime needs, as a kubelet does: environment, `$(VAR)` references, volumes.
 * Throws when something it names is missing; the kubelet says CreateContainerConfigError then.
 */
export async function resolveContainer(
  core: CoreV1Api,
  pod: V1Pod,
  container: V1Container,
  ip: string,
  folders: PodFolders,
): Promise<ContainerSpec> {
  const { namespace, name, uid } = podIdentity(pod);
  const env: Record<string, string> = {};
  for (const variable of container.env ?? []) {
    env[variable.name] = expand(await environmentValue(core, pod, ip, variable), env);
  }
  const mounts: ContainerMount[] = [];
  for (const mount of container.volumeMounts ?? []) {
    mounts.push(await resolveMount(core, pod, mount, env, folders));
  }
  return {
    pod: { namespace, name, uid, ip, hostname: pod.spec?.hostname ?? name },
    name: container.name,
    image: container.image ?? "",
    command: [...(container.command ?? []), ...(container.args ?? [])].map((part) => expand(part, env)),
    workingDir: container.workingDir,
    env,
    ports: (container.ports ?? []).map((port) => ({ name: port.name, containerPort: port.containerPort })),
    mounts,
  };
}

/** Replaces `$(NAME)` by a variable's value; an unknown one stays as it is and `$$(NAME)` is an escape, as in Kubernetes. */
export function expand(text: string, env: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\$\$|\$\(([^)]+)\)/g, (whole, name?: string) =>
    name === undefined ? "$" : (env[name] ?? whole),
  );
}

async function environmentValue(core: CoreV1Api, pod: V1Pod, ip: string, variable: V1EnvVar): Promise<string> {
  const from = variable.valueFrom;
  const { namespace } = podIdentity(pod);
  if (from === undefined) {
    return variable.value ?? "";
  }
  if (from.fieldRef !== undefined) {
    return podField(pod, ip, from.fieldRef.fieldPath);
  }
  if (from.secretKeyRef?.name !== undefined) {
    const { name, key } = from.secretKeyRef;
    return named(await secretFiles(core, namespace, name), key, `Secret ${namespace}/${name}`).toString();
  }
  if (from.configMapKeyRef?.name !== undefined) {
    const { name, key } = from.configMapKeyRef;
    return named(await configMapFiles(core, namespace, name), key, `ConfigMap ${namespace}/${name}`).toString();
  }
  throw new Error(`the node agent cannot take the variable ${variable.name} from there: ${JSON.stringify(from)}`);
}

function podField(pod: V1Pod, ip: string, path: string): string {
  const bracketed = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(path);
  if (bracketed?.[1] !== undefined && bracketed[2] !== undefined) {
    const values = bracketed[1] === "labels" ? pod.metadata?.labels : pod.metadata?.annotations;
    return values?.[bracketed[2]] ?? "";
  }
  const fields: Record<string, string | undefined> = {
    "metadata.name": pod.metadata?.name,
    "metadata.namespace": pod.metadata?.namespace,
    "metadata.uid": pod.metadata?.uid,
    "spec.nodeName": pod.spec?.nodeName,
    "spec.serviceAccountName": pod.spec?.serviceAccountName,
    "status.podIP": ip,
    "status.hostIP": ip,
  };
  const value = fields[path];
  if (value === undefined) {
    throw new Error(`the node agent does not know the pod field ${path}`);
  }
  return value;
}

async function resolveMount(
  core: CoreV1Api,
  pod: V1Pod,
  mount: V1VolumeMount,
  env: Readonly<Record<string, string>>,
  folders: PodFolders,
): Promise<ContainerMount> {
  const volume = pod.spec?.volumes?.find((candidate) => candidate.name === mount.name);
  if (volume === undefined) {
    throw new Error(`pod ${pod.metadata?.name} mounts a volume ${mount.name} that it does not have`);
  }
  const root = await volumeFolder(core, pod, volume, folders);
  const below = mount.subPathExpr === undefined ? (mount.subPath ?? "") : expand(mount.subPathExpr, env);
  const folder = join(root, below);
  await mkdir(folder, { recursive: true });
  return { volume: mount.name, mountPath: mount.mountPath, folder, readOnly: mount.readOnly ?? false };
}

async function volumeFolder(core: CoreV1Api, pod: V1Pod, volume: V1Volume, folders: PodFolders): Promise<string> {
  if (volume.hostPath !== undefined) {
    return volume.hostPath.path;
  }
  const { namespace, uid } = podIdentity(pod);
  const folder = join(folders.ephemeral, uid, volume.name);
  if (volume.configMap?.name !== undefined) {
    await writeFiles(folder, await configMapFiles(core, namespace, volume.configMap.name));
    return folder;
  }
  if (volume.secret?.secretName !== undefined) {
    await writeFiles(folder, await secretFiles(core, namespace, volume.secret.secretName));
    return folder;
  }
  if (volume.emptyDir !== undefined) {
    return folder;
  }
  throw new Error(
    `the node agent has no volumes of the kind of ${volume.name}; use hostPath, configMap, secret or emptyDir`,
  );
}

async function configMapFiles(core: CoreV1Api, namespace: string, name: string): Promise<Map<string, Buffer>> {
  const configMap = await core.readNamespacedConfigMap({ namespace, name });
  return new Map([
    ...Object.entries(configMap.data ?? {}).map(([key, text]) => [key, Buffer.from(text)] as const),
    ...Object.entries(configMap.binaryData ?? {}).map(([key, data]) => [key, Buffer.from(data, "base64")] as const),
  ]);
}

async function secretFiles(core: CoreV1Api, namespace: string, name: string): Promise<Map<string, Buffer>> {
  const secret = await core.readNamespacedSecret({ namespace, name });
  return new Map(Object.entries(secret.data ?? {}).map(([key, data]) => [key, Buffer.from(data, "base64")]));
}

async function writeFiles(folder: string, files: ReadonlyMap<string, Buffer>): Promise<void> {
  for (const [name, content] of files) {
    const path = join(folder, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content, { mode: 0o600 });
  }
}

function named(files: ReadonlyMap<string, Buffer>, key: string, where: string): Buffer {
  const content = files.get(key);
  if (content === undefined) {
    throw new Error(`${where} has no key ${key}`);
  }
  return content;
}
