import { stringify } from "yaml";
import type { DoltView } from "./look.ts";
import type { ConfigChange } from "./server-config.ts";
import { readServerConfiguration } from "./server-configuration.ts";

/** The `cluster` of each changed file as it has to be, for people to apply: the rest of a file stays as it is. */
export function yamlToApply(change: Extract<ConfigChange, { files: unknown }>): string {
  const sections = Object.entries(change.files).map(([key, text]) => {
    const configuration = readServerConfiguration(text);
    const remotes = (configuration?.remotes ?? []).map(({ name, urlTemplate }) => ({
      name,
      remote_url_template: urlTemplate,
    }));
    return clusterSection(key, remotes, configuration?.bootstrapRole ?? "standby");
  });
  const removed = change.leftOver.map((key) => `# ${key}: take it out once its pod is gone`);
  return [...sections, ...removed].join("\n");
}

/**
 * The same for servers whose files cannot be seen, made from what the servers say of themselves: the pattern by which they
 * reach each other, filled in for every pair. Null when they say too little.
 */
export function yamlFromServers(
  view: DoltView,
  wanted: readonly string[],
  change: Extract<ConfigChange, { files: unknown }>,
): string | null {
  const files = wanted.map((pod) => {
    const configuration = readServerConfiguration(change.files[pod] ?? "");
    if (configuration === null) return null;
    const remotes = configuration.remotes.map(({ name, urlTemplate }) => ({ name, remote_url_template: urlTemplate }));
    const isThere = view.nodes.some(({ name }) => name === pod);
    return clusterSection(pod, remotes, isThere ? null : "standby");
  });
  return files.includes(null) ? null : files.join("\n");
}

/** Each server's remotes as it has them loaded, written as a file of its own. */
export function filesFromServers(view: DoltView): Record<string, string> {
  return Object.fromEntries(
    view.nodes.map(({ name, answer }) => {
      const urls = new Map(
        (answer?.replication ?? []).map(({ remote, remoteUrl, database }) => [remote, template(remoteUrl, database)]),
      );
      const remotes = [...urls].flatMap(([remote, urlTemplate]) =>
        urlTemplate === null ? [] : [{ name: remote, remote_url_template: urlTemplate }],
      );
      return [name, stringify({ cluster: { standby_remotes: remotes, bootstrap_role: "standby", remotesapi: {} } })];
    }),
  );
}

function clusterSection(key: string, remotes: readonly object[], role: string | null): string {
  const lines = remotes.map(
    (remote) =>
      `    - ${JSON.stringify(remote)
        .replaceAll(/"(name|remote_url_template)":/g, "$1: ")
        .replaceAll(",remote_", ", remote_")}`,
  );
  const bootstrap = role === null ? [] : [`  bootstrap_role: ${role}`];
  return [`# ${key}`, "cluster:", "  standby_remotes:", ...lines, ...bootstrap].join("\n");
}

/** Databases are the last part of the path. */
function template(url: string | null, database: string): string | null {
  return url?.endsWith(`/${database}`) ? `${url.slice(0, -database.length)}{database}` : null;
}
