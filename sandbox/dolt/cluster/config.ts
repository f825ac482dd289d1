import { parse } from "yaml";
import { z } from "zod";

const schema = z.object({
  listener: z
    .object({
      host: z.string().default("localhost"),
      port: z.number().int().default(3306),
      tls_cert: z.string().optional(),
      tls_key: z.string().optional(),
      require_secure_transport: z.boolean().default(false),
    })
    .default({ host: "localhost", port: 3306, require_secure_transport: false }),
  cluster: z
    .object({
      standby_remotes: z.array(z.object({ name: z.string(), remote_url_template: z.string() })).default([]),
      bootstrap_role: z.enum(["", "primary", "standby"]).default(""),
      bootstrap_epoch: z.number().int().nonnegative().default(0),
      remotesapi: z.object({ address: z.string().default(""), port: z.number().int() }),
    })
    .optional(),
});

export interface StandbyRemote {
  readonly name: string;
  /** With `{database}` where the database's name goes. */
  readonly urlTemplate: string;
}

export interface ClusterConfig {
  readonly remotes: readonly StandbyRemote[];
  readonly bootstrapRole: "primary" | "standby";
  readonly bootstrapEpoch: number;
  readonly remotesApiPort: number;
}

export interface ServerConfig {
  readonly host: string;
  readonly port: number;
  /** Paths of the certificate and key it offers TLS with; undefined: it offers none. */
  readonly tls: { readonly certificate: string; readonly key: string; readonly isRequired: boolean } | undefined;
  /** Undefined for a server that stands alone. */
  readonly cluster: ClusterConfig | undefined;
}

/** Reads the part of `dolt sql-server --config` that this server knows. Throws with the place that is wrong. */
export function parseServerConfig(yaml: string): ServerConfig {
  const { listener, cluster } = schema.parse(parse(yaml) ?? {});
  return {
    host: listener.host,
    port: listener.port,
    tls:
      listener.tls_cert === undefined || listener.tls_key === undefined
        ? undefined
        : { certificate: listener.tls_cert, key: listener.tls_key, isRequired: listener.require_secure_transport },
    cluster: cluster && {
      remotes: cluster.standby_remotes.map((remote) => ({
        name: remote.name,
        urlTemplate: remote.remote_url_template,
      })),
      bootstrapRole: cluster.bootstrap_role === "standby" ? "standby" : "primary",
      bootstrapEpoch: cluster.bootstrap_epoch,
      remotesApiPort: cluster.remotesapi.port,
    },
  };
}
