import type { LayoutMount, WorkloadLayout } from "../../ports/scaling.ts";

/** Names the ConfigMap and the key, where the pods' template does not show it: `CONFIGMAP/KEY`, the pod's name as `$(POD_NAME)`. */
export const serverConfigAnnotation = "handover.dev/server-config";

/** Where the official image looks for its configuration, when none is named. */
const imageFolder = "/etc/dolt/servercfg.d";

/** Where each server's YAML stands. */
export interface ConfigSource {
  readonly configMap: string;
  /** Whether each pod has a key of its own; otherwise all share one. */
  readonly perPod: boolean;
  /** The key of this pod's YAML in the ConfigMap. */
  readonly keyOf: (pod: string) => string;
}

export type FoundSource = { readonly source: ConfigSource } | { readonly why: string };

/** Finds where the servers' configuration stands, by the pods' template or by the annotation; or says why it cannot be told. */
export function findConfigSource(layout: WorkloadLayout): FoundSource {
  const annotated = layout.annotations[serverConfigAnnotation];
  if (annotated !== undefined) return fromAnnotation(annotated);
  const path = configPath(layout);
  if ("why" in path) return path;
  return fromPath(path.path, layout);
}

function fromAnnotation(text: string): FoundSource {
  const [configMap = "", key = "", ...more] = text.split("/");
  if (configMap === "" || key === "" || more.length > 0) {
    return { why: `the annotation ${serverConfigAnnotation} says “${text}”, and has to say CONFIGMAP/KEY` };
  }
  const keyOf = (pod: string) => key.replaceAll("$(POD_NAME)", pod);
  return { source: { configMap, perPod: key.includes("$(POD_NAME)"), keyOf } };
}

function configPath({ command, mounts }: WorkloadLayout): { path: string } | { why: string } {
  const [program = ""] = command;
  const shell = /(^|\/)(ba|da|a|z)?sh$/.test(program);
  if (shell || command.some((word) => /[;&|<>\n]/.test(word))) {
    return { why: `the server is started by a script of its own (${shorten(command.join(" "))})` };
  }
  const at = command.indexOf("--config");
  const named = command[at + 1] ?? "";
  const joined = command.find((word) => word.startsWith("--config="))?.slice("--config=".length);
  if (joined !== undefined) return { path: joined };
  if (at !== -1) return { path: named };
  if (command.includes("sql-server")) return { why: "the server is started without --config" };
  const file = mounts.find(({ mountPath }) => mountPath.startsWith(`${imageFolder}/`));
  if (file !== undefined) return { path: file.mountPath };
  const folder = mounts.find(({ mountPath }) => mountPath === imageFolder);
  if (folder?.volume.kind !== "configMap")
    return { why: `neither --config nor a volume at ${imageFolder} names a file` };
  const files = Object.values(folder.volume.files ?? {});
  const [only, ...others] = files;
  if (only !== undefined && others.length === 0) return { path: `${imageFolder}/${only}` };
  return { why: `which file of the volume at ${imageFolder} counts cannot be told` };
}

function fromPath(path: string, { mounts, podNameVariables, initContainers }: WorkloadLayout): FoundSource {
  const expand = (text: string, pod: string) =>
    podNameVariables.reduce((result, name) => result.replaceAll(`$(${name})`, pod), text);
  const unknown = /\$\(([^)]+)\)/.exec(expand(path, "pod"))?.[1];
  if (unknown !== undefined) return { why: `${path} holds the variable ${unknown}, which is not the pod's name` };
  const mount = mountOf(expand(path, "pod"), mounts);
  if (mount === null) return { why: `${path} lies on no volume: it is part of the image` };
  const { volume } = mount;
  if (volume.kind === "secret") return { why: `it is in the Secret ${volume.name}, which Handover does not write` };
  if (volume.kind === "other") {
    const by = initContainers.length === 0 ? "" : `, where an init container (${initContainers.join(", ")}) writes it`;
    return { why: `${path} lies on the volume ${volume.name}, which is no ConfigMap${by}` };
  }
  const keyOf = (pod: string) =>
    keyOfFile(
      fileInVolume(expand(path, pod), mount, (text) => expand(text, pod)),
      volume,
    );
  if (keyOf("pod-a").includes("/")) return { why: `${path} is no key of the ConfigMap ${volume.name}` };
  return { source: { configMap: volume.name, perPod: keyOf("pod-a") !== keyOf("pod-b"), keyOf } };
}

function mountOf(path: string, mounts: readonly LayoutMount[]): LayoutMount | null {
  const holding = mounts.filter(({ mountPath }) => path === mountPath || path.startsWith(`${mountPath}/`));
  return holding.sort((a, b) => b.mountPath.length - a.mountPath.length)[0] ?? null;
}

function fileInVolume(path: string, mount: LayoutMount, expand: (text: string) => string): string {
  const below = path.slice(mount.mountPath.length + 1);
  const subPath = mount.subPath === null ? "" : expand(mount.subPath);
  return [subPath, below].filter((part) => part !== "").join("/");
}

function keyOfFile(file: string, volume: { readonly files: Readonly<Record<string, string>> | null }): string {
  const key = Object.entries(volume.files ?? {}).find(([, path]) => path === file)?.[0];
  return key ?? file;
}

function shorten(text: string): string {
  const line = text.replaceAll(/\s+/g, " ");
  return line.length <= 60 ? line : `${line.slice(0, 59)}…`;
}
