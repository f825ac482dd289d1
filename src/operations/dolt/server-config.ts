import { comparableHost, hostsOfPod } from "../../domain/pod-hosts.ts";
import type { PodService } from "../../ports/scaling.ts";
import { podOfHost, type ReachablePod } from "./remotes.ts";
import type { ConfigSource } from "./server-config-source.ts";
import { containsName, forNewPod, type RemoteEntry, renamed, withRemotes } from "./server-config-yaml.ts";
import { readServerConfiguration } from "./server-configuration.ts";

/** What the servers' configuration is made from. */
export interface ConfigSituation {
  readonly source: ConfigSource;
  /** Of the ConfigMap. */
  readonly data: Readonly<Record<string, string>>;
  /** Every pod that there is or could be, and which hosts lead to it. */
  readonly pods: readonly ReachablePod[];
  /** Names of the pods there shall be, in the order of their ordinals. */
  readonly wanted: readonly string[];
  /** Names of the pods that are to go: their YAML is not needed any more. */
  readonly leaving: readonly string[];
  readonly workload: { readonly namespace: string; readonly serviceName: string | null };
  readonly services: readonly PodService[];
  /** Remote names that servers have stored with another URL: a stored one wins over the configuration, so they cannot be used again. */
  readonly storedRemotes: readonly { readonly name: string; readonly url: string }[];
}

/** A Service that a new pod needs, because the others are replicated to through Services of their own. */
export interface NeededService {
  readonly like: PodService;
  readonly name: string;
  readonly podName: string;
}

export type ConfigChange =
  | {
      /** By key: the new YAML. Keys that stay as they are, are missing. */
      readonly files: Readonly<Record<string, string>>;
      /** Keys of pods that there shall not be any more: for when they are gone. */
      readonly leftOver: readonly string[];
      /** While one of them is missing, `files` names it in the place of its address. */
      readonly services: readonly NeededService[];
      /** By new pod, the URL template by which the others reach it. */
      readonly reachedBy: ReadonlyMap<string, string>;
      /** By pod that there shall be, the names of all remotes that its server has once it has read its YAML. */
      readonly remoteNames: ReadonlyMap<string, readonly string[]>;
    }
  | { readonly why: string };

/**
 * What the configuration has to become, so that each of the wanted servers replicates to each other one and to nobody else of
 * this target. Asked again once it is so, it changes nothing. Remotes that lead elsewhere are left alone.
 */
export function configChange(situation: ConfigSituation): ConfigChange {
  try {
    return new Rewriting(situation).change();
  } catch (error) {
    if (error instanceof NotUnderstood) return { why: error.message };
    throw error;
  }
}

/** What is found of the configuration allows no change. */
class NotUnderstood extends Error {}

interface Entry extends RemoteEntry {
  /** Null: it leads to no pod of this target. */
  readonly pod: string | null;
}

class Rewriting {
  readonly #given: ConfigSituation;
  readonly #services: NeededService[] = [];
  readonly #reachedBy = new Map<string, string>();

  /** Pods that others replicate to, and that have a YAML: theirs has to be right. */
  readonly #established: readonly string[];

  constructor(given: ConfigSituation) {
    this.#given = given;
    const withFile = given.pods.map(({ name }) => name).filter((name) => this.#own(name) !== undefined);
    const known = new Set(withFile.flatMap((name) => this.#remotesIn(name).map(({ pod }) => pod)));
    this.#established = withFile.filter((name) => known.has(name));
  }

  change(): ConfigChange {
    const { source, data, wanted } = this.#given;
    const files: Record<string, string> = {};
    const remoteNames = new Map<string, string[]>();
    for (const pod of wanted) {
      const key = source.keyOf(pod);
      const entries = this.#wantedEntries(pod);
      const others = entries.filter((entry) => entry.pod !== pod);
      remoteNames.set(
        pod,
        others.map(({ name }) => name),
      );
      const text = this.#textFor(pod, entries);
      if (text !== data[key]) files[key] = text;
    }
    const keys = new Set(wanted.map((pod) => source.keyOf(pod)));
    const leftOver = this.#given.leaving
      .map((pod) => source.keyOf(pod))
      .filter((key) => !keys.has(key) && data[key] !== undefined);
    return { files, leftOver, services: this.#services, reachedBy: this.#reachedBy, remoteNames };
  }

  #textFor(pod: string, entries: readonly Entry[]): string {
    const own = this.#own(pod);
    if (own === undefined) {
      const model = this.#modelFor(pod);
      return forNewPod(this.#text(model), { model, pod }, entries);
    }
    const { bootstrapRole } = this.#configuration(pod);
    if (this.#isNew(pod) && bootstrapRole !== "standby") {
      if (!this.#given.source.perPod) throw new NotUnderstood(this.#whyNotShared());
      return forNewPod(own, { model: pod, pod }, entries);
    }
    return sameRemotes(this.#configuration(pod).remotes, entries) ? own : withRemotes(own, entries);
  }

  /** The entries that this pod's YAML has to hold: those that are right as they are first, in their order. */
  #wantedEntries(pod: string): Entry[] {
    const { wanted, source } = this.#given;
    const isOwnFile = this.#own(pod) !== undefined;
    const model = isOwnFile ? pod : this.#modelFor(pod);
    const found = this.#entries(model);
    // In a file for all, whatever starts the server leaves its own entry out.
    const targets = source.perPod ? wanted.filter((name) => name !== pod) : wanted;
    const kept = found.filter((entry) => entry.pod === null || targets.includes(entry.pod));
    const added = targets.filter((name) => !kept.some((entry) => entry.pod === name));
    return [...kept, ...added.map((name) => this.#entryFor(name, found))];
  }

  /** How others reach this pod: as some YAML has it already, else after the pattern of another pod's entry. */
  #entryFor(pod: string, beside: readonly Entry[]): Entry {
    const established = this.#established.flatMap((name) => this.#remotesIn(name));
    const known = established.find((entry) => entry.pod === pod);
    const model = [...beside, ...established].find((entry) => entry.pod !== null);
    if (model === undefined || model.pod === null) {
      throw new NotUnderstood("no remote in it leads to a pod of this target, so there is no pattern to follow");
    }
    const urlTemplate = this.#urlFor(pod, model.urlTemplate, model.pod);
    if (this.#isNew(pod)) this.#reachedBy.set(pod, urlTemplate);
    return { name: known?.name ?? this.#nameFor(pod, model, urlTemplate), urlTemplate, pod };
  }

  #nameFor(pod: string, model: Entry, urlTemplate: string): string {
    const base = containsName(model.name, model.pod ?? "") ? renamed(model.name, model.pod ?? "", pod) : pod;
    const taken = (name: string) =>
      this.#given.storedRemotes.some((one) => one.name === name && !isMadeOf(one.url, urlTemplate));
    let name = base;
    for (let next = 2; taken(name); next += 1) name = `${base}-${next}`;
    return name;
  }

  #urlFor(pod: string, model: string, modelPod: string): string {
    const { prefix, host, rest } = partsOf(model);
    const service = this.#given.services.find((one) => this.#leadsThrough(host, one, modelPod));
    if (service === undefined) {
      if (!containsName(host, modelPod)) {
        throw new NotUnderstood(`${host} is the address of ${modelPod} itself, and ${pod} has none yet`);
      }
      return `${prefix}${renamed(host, modelPod, pod)}${rest}`;
    }
    const name = renamed(service.name, modelPod, pod);
    if (name === service.name) {
      throw new NotUnderstood(
        `the Service ${service.name} leads to ${modelPod}, and its name does not say how that of ${pod} is called`,
      );
    }
    const own = this.#given.services.find((one) => one.name === name);
    if (own !== undefined && own.podName !== pod) {
      throw new NotUnderstood(`the Service ${name} leads to ${own.podName}, and not to ${pod}`);
    }
    if (own === undefined && !this.#services.some((one) => one.name === name)) {
      this.#services.push({ like: service, name, podName: pod });
    }
    const byAddress = service.clusterIps.includes(comparableHost(host));
    if (!byAddress) return `${prefix}${renamed(host, modelPod, pod)}${rest}`;
    return `${prefix}${own?.clusterIps[0] ?? `(the address of Service ${name})`}${rest}`;
  }

  #leadsThrough(host: string, service: PodService, modelPod: string): boolean {
    if (service.podName !== modelPod) return false;
    const { workload } = this.#given;
    const hosts = hostsOfPod({ name: modelPod, ip: null }, { ...workload, serviceName: null }, [service]);
    return hosts.includes(comparableHost(host));
  }

  #remotesIn(pod: string): Entry[] {
    const key = this.#given.source.keyOf(pod);
    return this.#configuration(pod).remotes.map(({ name, urlTemplate }) => {
      const { host } = partsOf(urlTemplate);
      if (host.includes("$")) throw new NotUnderstood(`${key} hides the host of ${name} behind a variable (${host})`);
      return { name, urlTemplate, pod: podOfHost(comparableHost(host), this.#given.pods) };
    });
  }

  /** The remotes in a pod's YAML. Of one that is established, each other one has to have one. */
  #entries(pod: string): Entry[] {
    const key = this.#given.source.keyOf(pod);
    const entries = this.#remotesIn(pod);
    for (const other of this.#established) {
      const leading = entries.filter((entry) => entry.pod === other);
      if (leading.length > 1) throw new NotUnderstood(`${key} has ${leading.length} remotes that lead to ${other}`);
      if (leading.length === 1 || (other === pod && this.#given.source.perPod)) continue;
      if (this.#isNew(pod) || !this.#given.wanted.includes(other)) continue;
      const unknown = entries
        .filter((entry) => entry.pod === null)
        .map(({ name, urlTemplate }) => `${name} (${urlTemplate})`);
      const others = unknown.length === 0 ? "" : `; where these lead is not known: ${unknown.join(", ")}`;
      throw new NotUnderstood(`${key} has no remote that leads to ${other}${others}`);
    }
    return entries;
  }

  #configuration(pod: string) {
    const key = this.#given.source.keyOf(pod);
    const configuration = readServerConfiguration(this.#text(pod));
    if (configuration === null) throw new NotUnderstood(`${key} says nothing of a cluster that could be understood`);
    return configuration;
  }

  #text(pod: string): string {
    const text = this.#own(pod);
    if (text === undefined) {
      throw new NotUnderstood(`it has no key ${this.#given.source.keyOf(pod)}, of which ${pod} should read`);
    }
    return text;
  }

  #own(pod: string): string | undefined {
    return this.#given.data[this.#given.source.keyOf(pod)];
  }

  /** Not established yet: nobody replicates to it, or it has no YAML of its own. */
  #isNew(pod: string): boolean {
    return !this.#established.includes(pod);
  }

  /** The last one: it was never meant to be the first primary. */
  #modelFor(pod: string): string {
    const model = this.#established.filter((name) => name !== pod && this.#own(name) !== undefined).at(-1);
    if (model === undefined) throw new NotUnderstood("it holds no YAML of a pod that runs");
    return model;
  }

  #whyNotShared(): string {
    const { source } = this.#given;
    return `one YAML is for all pods (${source.keyOf("")}), and its bootstrap_role is not standby: a new pod would start as a primary on an empty volume, and break the whole cluster`;
  }
}

function sameRemotes(one: readonly RemoteEntry[], other: readonly RemoteEntry[]): boolean {
  return (
    one.length === other.length &&
    one.every(({ name, urlTemplate }, at) => name === other[at]?.name && urlTemplate === other[at]?.urlTemplate)
  );
}

/** Whether a database's stored URL is what this template makes. The scheme and a port may come from the environment. */
function isMadeOf(url: string, urlTemplate: string): boolean {
  const { host } = partsOf(urlTemplate);
  return URL.canParse(url) && comparableHost(new URL(url).hostname) === comparableHost(host);
}

function partsOf(urlTemplate: string): { prefix: string; host: string; rest: string } {
  const found = /^([a-z][a-z0-9+.-]*:\/\/)(\[[^\]]*\]|[^/:]*)(.*)$/i.exec(urlTemplate);
  if (found === null) throw new NotUnderstood(`${urlTemplate} is no URL`);
  const [, prefix = "", host = "", rest = ""] = found;
  return { prefix, host, rest };
}
