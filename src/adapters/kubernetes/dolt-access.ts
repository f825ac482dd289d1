import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { CaSource, DoltAccessSettings, DoltLogin } from "../../domain/dolt-access.ts";
import { fail, HandoverError } from "../../domain/errors.ts";
import { nameAnnotation } from "../../domain/target.ts";
import type { DoltAccess } from "../../ports/dolt-servers.ts";
import type { WorkloadView } from "../../ports/workloads.ts";
import { accessAnnotations } from "./access-annotations.ts";
import { credentialsAnnotation, tlsCaAnnotation } from "./annotations.ts";
import type { KubernetesApi } from "./api.ts";

/** The user where none is named: Dolt's own default. */
export const defaultUsername = "root";

/** What this process was told about connecting to Dolt servers, beside what targets say of themselves. */
export interface DoltAccessGiven {
  /** For this one run, by a person: wins over everything. */
  readonly typed?: DoltAccessSettings;
  readonly typedLogin?: DoltLogin | null;
  /** Of handover.yaml for a target, the nearest first; it comes after the target's annotations. */
  readonly configured?: (target: {
    readonly namespace: string;
    readonly name: string;
  }) => readonly DoltAccessSettings[];
  /** From the environment or mounted files: for targets whose Secret is not named, or may not be read. */
  readonly fallbackLogin?: DoltLogin | null;
  /** Whose servers they are; without it, `defaultUsername`. */
  readonly defaultUsername?: string;
}

/**
 * How a target's servers are reached: each setting from the nearest place that says it (docs/connecting.md).
 * Throws `dolt_access_invalid`, and as the API does.
 */
export async function doltAccess(
  api: KubernetesApi,
  given: DoltAccessGiven,
  view: Pick<WorkloadView, "namespace" | "name" | "annotations">,
  signal: AbortSignal,
): Promise<DoltAccess> {
  const name = view.annotations[nameAnnotation] ?? view.name;
  const places = [
    given.typed ?? {},
    accessAnnotations(view),
    ...(given.configured?.({ namespace: view.namespace, name }) ?? []),
  ];
  const [login, tls] = await Promise.all([loginFor(api, given, view, signal), tlsFor(api, places, view, signal)]);
  return { ...login, connectBy: firstOf(places, "connectBy") ?? "ip", tls };
}

async function loginFor(
  api: KubernetesApi,
  { typedLogin, fallbackLogin, defaultUsername: username = defaultUsername }: DoltAccessGiven,
  view: Pick<WorkloadView, "namespace" | "name" | "annotations">,
  signal: AbortSignal,
): Promise<DoltLogin> {
  if (typedLogin) return typedLogin;
  const secret = view.annotations[credentialsAnnotation];
  if (secret === undefined) return fallbackLogin ?? { username, password: "", source: "nowhere" };
  try {
    return await loginIn(api, view.namespace, secret, username, signal);
  } catch (error) {
    const refused = error instanceof HandoverError && error.problem.code === "kubernetes_refused";
    if (!refused || !fallbackLogin) throw error;
    return { ...fallbackLogin, source: `${fallbackLogin.source}, as Secret ${secret} may not be read` };
  }
}

async function loginIn(
  api: KubernetesApi,
  namespace: string,
  name: string,
  fallbackUsername: string,
  signal: AbortSignal,
): Promise<DoltLogin> {
  const doing = `reading Secret ${namespace}/${name}`;
  const secret = await api.call(doing, signal, (options) =>
    api.core.readNamespacedSecret({ name, namespace }, options),
  );
  const { username, password } = secret.data ?? {};
  if (password === undefined) throw fail("kubernetes_refused", { doing, why: "it has no key “password”" });
  return {
    username: username === undefined ? fallbackUsername : decoded(username),
    password: decoded(password),
    source: `Secret ${namespace}/${name}`,
  };
}

async function tlsFor(
  api: KubernetesApi,
  places: readonly DoltAccessSettings[],
  view: Pick<WorkloadView, "namespace" | "name" | "annotations">,
  signal: AbortSignal,
): Promise<DoltAccess["tls"]> {
  const setting = places.map(modeOf).find((mode) => mode !== undefined) ?? "off";
  if (setting === "off") return null;
  if (setting === "insecure") return { mode: "insecure" };
  const source = firstOf(places, "tlsCa");
  const ca = source === undefined ? null : await readCa(api, source, view.namespace, signal);
  return { mode: "verified", ca, serverName: firstOf(places, "tlsServerName") ?? null };
}

/** A CA or a name to check against is a demand to check, as with doltclusterctl. */
function modeOf({ tls, tlsCa, tlsServerName }: DoltAccessSettings): DoltAccessSettings["tls"] {
  return tls ?? (tlsCa === undefined && tlsServerName === undefined ? undefined : "required");
}

function firstOf<Key extends keyof DoltAccessSettings>(
  places: readonly DoltAccessSettings[],
  key: Key,
): DoltAccessSettings[Key] | undefined {
  return places.find((place) => place[key] !== undefined)?.[key];
}

async function readCa(api: KubernetesApi, source: CaSource, namespace: string, signal: AbortSignal): Promise<string> {
  switch (source.kind) {
    case "pem":
      return source.pem;
    case "file":
      return certificates(await textOf(source.path), source.path);
    case "secret": {
      const { name, key } = source;
      const where = `Secret ${namespace}/${name}`;
      const { data } = await api.call(`reading ${where}`, signal, (options) =>
        api.core.readNamespacedSecret({ name, namespace }, options),
      );
      return certificates(decoded(entryOf(data, key, where)), `${where}, key ${key}`);
    }
    case "configmap": {
      const { name, key } = source;
      const where = `ConfigMap ${namespace}/${name}`;
      const { data } = await api.call(`reading ${where}`, signal, (options) =>
        api.core.readNamespacedConfigMap({ name, namespace }, options),
      );
      return certificates(entryOf(data, key, where), `${where}, key ${key}`);
    }
  }
}

function entryOf(data: Readonly<Record<string, string>> | undefined, key: string, where: string): string {
  const value = data?.[key];
  if (value !== undefined) return value;
  const keys = Object.keys(data ?? {});
  const why = `it has no key ${key} (it has ${keys.length === 0 ? "none" : keys.join(", ")}); ${tlsCaAnnotation} takes KIND/NAME/KEY`;
  throw fail("dolt_access_invalid", { where, why });
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "unreadable";
    throw fail("dolt_access_invalid", { where: path, why: `the file cannot be read (${code})` }, { cause });
  }
}

const certificateBlock = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** The text, if it holds certificates and nothing broken: a CA that silently counts for nothing would be looked for for long. */
export function certificates(text: string, where: string): string {
  const blocks = text.match(certificateBlock) ?? [];
  if (blocks.length === 0) throw fail("dolt_access_invalid", { where, why: "it holds no certificate in PEM form" });
  for (const block of blocks) {
    try {
      new X509Certificate(block);
    } catch (cause) {
      throw fail("dolt_access_invalid", { where, why: "a certificate in it cannot be read" }, { cause });
    }
  }
  return text;
}

const decoded = (base64: string) => Buffer.from(base64, "base64").toString("utf8");
