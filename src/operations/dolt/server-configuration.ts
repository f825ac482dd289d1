import { parse } from "yaml";
import { z } from "zod";
import type { ServerConfiguration } from "./look.ts";

/** As far as it is read here; servers know many more keys (dolt.md, “Server configuration”). */
const schema = z.object({
  cluster: z.object({
    standby_remotes: z.array(z.object({ name: z.string(), remote_url_template: z.string() })).nullish(),
    bootstrap_role: z.string().nullish(),
    bootstrap_epoch: z.number().int().nullish(),
    remotesapi: z.object({ port: z.number().int().nullish() }).nullish(),
  }),
});

export const defaultRemotesPort = 50051;

/** What a server's YAML says of its cluster; null when it cannot be understood, or says nothing of one. */
export function readServerConfiguration(yaml: string): ServerConfiguration | null {
  const parsed = schema.safeParse(parsedOrNull(yaml));
  if (!parsed.success) return null;
  const { standby_remotes: remotes, bootstrap_role: role, bootstrap_epoch: epoch, remotesapi } = parsed.data.cluster;
  return {
    bootstrapRole: role === "standby" ? "standby" : "primary",
    bootstrapEpoch: epoch ?? 0,
    remotes: (remotes ?? []).map(({ name, remote_url_template: urlTemplate }) => ({ name, urlTemplate })),
    remotesPort: remotesapi?.port ?? defaultRemotesPort,
  };
}

function parsedOrNull(yaml: string): unknown {
  try {
    return parse(yaml);
  } catch {
    return null;
  }
}
