import { z } from "zod";
import type { DoltAccessSettings } from "../../domain/dolt-access.ts";
import { fail } from "../../domain/errors.ts";
import type { WorkloadView } from "../../ports/workloads.ts";
import { connectByAnnotation, tlsAnnotation, tlsCaAnnotation, tlsServerNameAnnotation } from "./annotations.ts";

/** The key that Kubernetes and cert-manager put a CA under. */
const defaultCaKey = "ca.crt";

const objectName = "[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?";
const caPattern = new RegExp(`^(secret|configmap)/(${objectName})(?:/([-._a-zA-Z0-9]{1,253}))?$`);

export const serverNamePattern = /^[A-Za-z0-9]([-A-Za-z0-9.:]{0,251}[A-Za-z0-9])?$/;

const schema = z.object({
  [connectByAnnotation]: z.enum(["ip", "host"], "it takes ip or host").optional(),
  [tlsAnnotation]: z.enum(["off", "required", "insecure"], "it takes off, required or insecure").optional(),
  [tlsCaAnnotation]: z
    .string()
    .regex(caPattern, "it takes secret/NAME or configmap/NAME, with /KEY behind it where the key is not ca.crt")
    .optional(),
  [tlsServerNameAnnotation]: z.string().regex(serverNamePattern, "it takes a host name").optional(),
});

/** What a workload says of connecting to it. Throws `dolt_access_invalid` for what cannot be meant. */
export function accessAnnotations({
  namespace,
  name,
  annotations,
}: Pick<WorkloadView, "namespace" | "name" | "annotations">): DoltAccessSettings {
  const parsed = schema.safeParse(annotations);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const key = String(issue?.path[0]);
    const where = `annotation ${key} of ${namespace}/${name}`;
    throw fail("dolt_access_invalid", { where, why: `“${annotations[key]}”; ${issue?.message ?? "it is not valid"}` });
  }
  const {
    [connectByAnnotation]: connectBy,
    [tlsAnnotation]: tls,
    [tlsCaAnnotation]: ca,
    [tlsServerNameAnnotation]: tlsServerName,
  } = parsed.data;
  if (tls === "insecure" && (ca !== undefined || tlsServerName !== undefined)) {
    const other = ca === undefined ? tlsServerNameAnnotation : tlsCaAnnotation;
    const why = `insecure checks no certificate, so ${other} beside it cannot be meant`;
    throw fail("dolt_access_invalid", { where: `annotation ${tlsAnnotation} of ${namespace}/${name}`, why });
  }
  const [, kind, caName, key] = caPattern.exec(ca ?? "") ?? [];
  return {
    ...(connectBy === undefined ? {} : { connectBy }),
    ...(tls === undefined ? {} : { tls }),
    ...(caName === undefined
      ? {}
      : { tlsCa: { kind: kind === "secret" ? "secret" : "configmap", name: caName, key: key ?? defaultCaKey } }),
    ...(tlsServerName === undefined ? {} : { tlsServerName }),
  };
}
