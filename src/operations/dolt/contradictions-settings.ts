import { onlyPrimaryOf } from "./assess.ts";
import type { AnsweringNode } from "./candidate.ts";
import type { Contradiction } from "./contradiction.ts";
import type { DoltView } from "./look.ts";

const ackTimeout = "dolt_cluster_ack_writes_timeout_secs";

/** In what the servers' versions, settings and configurations differ from one another. */
export function settingContradictions(view: DoltView): Contradiction[] {
  const answering = view.nodes.filter((node): node is AnsweringNode => node.answer !== null);
  return [
    ...bootstrapOf(view),
    ...storedRemotesOf(view, answering),
    ...versionsOf(answering),
    ...settingsOf(answering),
  ];
}

function bootstrapOf(view: DoltView): Contradiction[] {
  const epoch = onlyPrimaryOf(view)?.answer.epoch;
  const risky = [...(view.configurations ?? [])].filter(
    ([, { bootstrapRole, bootstrapEpoch }]) => bootstrapRole === "primary" && bootstrapEpoch === epoch,
  );
  if (risky.length === 0) return [];
  const names = risky.map(([name]) => name);
  return [
    {
      code: "bootstrap_primary",
      text: `${names.join(", ")} would come back from an empty volume as primary at epoch ${epoch}, the epoch of now, and empty the others or break the cluster`,
      mendedBy: "failover",
      advice:
        "one failover raises the epoch above bootstrap_epoch; bootstrap_role: standby for every pod mends it for good",
      pods: names,
      forbids: "nothing",
    },
  ];
}

/** A stored remote wins over the template, for databases; users and branch control always go by the template. */
function storedRemotesOf(view: DoltView, answering: readonly AnsweringNode[]): Contradiction[] {
  return answering.flatMap(({ name, answer }): Contradiction[] => {
    const templates = new Map(view.configurations?.get(name)?.remotes.map((one) => [one.name, one.urlTemplate]));
    const expected = new Map<string, string>();
    const differing: string[] = [];
    for (const { remote, remoteUrl, database } of answer.replication) {
      if (remoteUrl === null) continue;
      const template = templates.get(remote) ?? expected.get(remote) ?? templateOf(remoteUrl, database);
      expected.set(remote, template);
      if (!isFrom(template, database, remoteUrl)) differing.push(`${database} → ${remoteUrl}`);
    }
    if (differing.length === 0) return [];
    return [
      {
        code: "remotes_differ",
        text: `${name} replicates to other addresses than its configuration says (${differing.join(", ")}): a demotion would fail at once, as if no standby had caught up`,
        mendedBy: "by hand",
        advice: `give the remote a new name along with its new address, or CALL dolt_remote('remove', …) in every database on the primary before its restart`,
        pods: [name],
        forbids: "nothing",
      },
    ];
  });
}

/** Whether this template gives this URL; `${NAME}` in it stands for a variable of the server's environment, which is not seen. */
function isFrom(template: string, database: string, url: string): boolean {
  const pattern = template
    .split(/(\$\{[^}]*\}|\{database\})/)
    .map((part) => {
      if (part === "{database}") return literally(database);
      return part.startsWith("${") ? ".*" : literally(part);
    })
    .join("");
  return new RegExp(`^${pattern}$`).test(url);
}

const literally = (text: string) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);

function templateOf(url: string, database: string): string {
  return url.endsWith(`/${database}`) ? `${url.slice(0, -database.length)}{database}` : url;
}

function versionsOf(answering: readonly AnsweringNode[]): Contradiction[] {
  const versions = groupsOf(answering, ({ answer }) => answer.version);
  if (versions.size <= 1) return [];
  return [
    {
      code: "version_differs",
      text: `the servers run different versions of Dolt: ${describe(versions)}`,
      mendedBy: "restart",
      advice: "--outdated restarts those that are not of the StatefulSet's revision",
      pods: answering.map(({ name }) => name),
      forbids: "nothing",
    },
  ];
}

function settingsOf(answering: readonly AnsweringNode[]): Contradiction[] {
  const names = [...new Set(answering.flatMap(({ answer }) => Object.keys(answer.details.settings)))].sort();
  return names.flatMap((setting): Contradiction[] => {
    const values = groupsOf(answering, ({ answer }) => answer.details.settings[setting] ?? "unknown");
    if (values.size <= 1) return [];
    const isAck = setting === ackTimeout;
    const meaning = isAck ? ", so a failover would change how durable an acknowledged write is" : "";
    return [
      {
        code: isAck ? "ack_timeout_differs" : "settings_differ",
        text: `${setting} differs: ${describe(values)}${meaning}`,
        mendedBy: "by hand",
        advice: `set it alike on every server (SET PERSIST ${setting} = …): it is not replicated`,
        pods: answering.map(({ name }) => name),
        forbids: "nothing",
      },
    ];
  });
}

function groupsOf(nodes: readonly AnsweringNode[], key: (node: AnsweringNode) => string): Map<string, string[]> {
  return nodes.reduce((groups, node) => {
    const value = key(node);
    return groups.set(value, [...(groups.get(value) ?? []), node.name]);
  }, new Map<string, string[]>());
}

const describe = (groups: ReadonlyMap<string, readonly string[]>) =>
  [...groups].map(([value, names]) => `${value || "empty"} on ${names.join(", ")}`).join("; ");
