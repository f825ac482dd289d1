import { stringify } from "yaml";
import type { Bootstrap } from "./cluster-under-test.ts";

export interface ServerYamlOptions {
  readonly listener: { readonly host: string; readonly port: number };
  readonly replication: { readonly host: string; readonly port: number };
  readonly bootstrap: Bootstrap;
  readonly remotes: readonly { readonly name: string; readonly address: string }[];
}

export const nodeName = (index: number) => `dolt-${index}`;

/** The configuration file of one server: https://docs.dolthub.com/sql-reference/server/configuration */
export function serverYaml({ listener, replication, bootstrap, remotes }: ServerYamlOptions): string {
  return stringify({
    log_level: "info",
    listener,
    cluster: {
      standby_remotes: remotes.map(({ name, address }) => ({
        name,
        remote_url_template: `http://${address}/{database}`,
      })),
      bootstrap_role: bootstrap.role,
      bootstrap_epoch: bootstrap.epoch,
      remotesapi: { address: replication.host, port: replication.port },
    },
  });
}
