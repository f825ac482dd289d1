import { isAbsolute } from "node:path";
import { z } from "zod";
import type { DoltAccessSettings } from "../domain/dolt-access.ts";

const settings = {
  connectBy: z.enum(["ip", "host"]).optional(),
  tls: z.enum(["off", "required", "insecure"]).optional(),
  /** A file of the worker's container: read for each look, so that a renewed one counts at once. */
  tlsCa: z.string().refine(isAbsolute, "is not the absolute path of a file in the worker's container").optional(),
  tlsServerName: z.string().min(1).optional(),
};

interface Settings {
  readonly connectBy?: "ip" | "host" | undefined;
  readonly tls?: "off" | "required" | "insecure" | undefined;
  readonly tlsCa?: string | undefined;
  readonly tlsServerName?: string | undefined;
}

const contradiction = "says insecure, which checks no certificate, beside tlsCa or tlsServerName";
const isConsistent = ({ tls, tlsCa, tlsServerName }: Settings) =>
  tls !== "insecure" || (tlsCa === undefined && tlsServerName === undefined);

/** How the Dolt servers of a cluster are connected to, where their annotations do not say; `targets` by `NAMESPACE/NAME`. */
export const doltAccessSchema = z
  .strictObject({
    ...settings,
    targets: z
      .record(
        z.string().regex(/^[^/\s]+\/[^/\s]+$/, "is not NAMESPACE/NAME"),
        z.strictObject(settings).refine(isConsistent, contradiction),
      )
      .optional(),
  })
  .refine(isConsistent, contradiction);
export type DoltAccessConfig = z.infer<typeof doltAccessSchema>;

/** What handover.yaml says for one target, the nearest first. */
export function configuredAccess(
  config: DoltAccessConfig | undefined,
  target: { readonly namespace: string; readonly name: string },
): DoltAccessSettings[] {
  if (config === undefined) return [];
  const own = config.targets?.[`${target.namespace}/${target.name}`];
  return [...(own === undefined ? [] : [settingsOf(own)]), settingsOf(config)];
}

function settingsOf({ connectBy, tls, tlsCa, tlsServerName }: Settings): DoltAccessSettings {
  return {
    ...(connectBy === undefined ? {} : { connectBy }),
    ...(tls === undefined ? {} : { tls }),
    ...(tlsCa === undefined ? {} : { tlsCa: { kind: "file", path: tlsCa } }),
    ...(tlsServerName === undefined ? {} : { tlsServerName }),
  };
}
