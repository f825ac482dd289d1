import type { Configuration } from "../../config/handover-yaml.ts";
import { decidingRule } from "../../domain/policy/matching.ts";
import type { AnnouncedTarget, Engine } from "../../domain/target.ts";
import { accessRules } from "../../operations/access.ts";
import type { AccessRule } from "../../operations/access-rule.ts";
import { catalogue } from "../../operations/catalogue.ts";
import type { Identity } from "../../ports/workloads.ts";
import { bad, type Finding, good } from "./finding.ts";

/** Whether this user may all that the operations take which the policy lets somebody ask for, of each engine in each namespace. */
export async function rightsFindings(
  identity: Pick<Identity, "may">,
  targets: readonly AnnouncedTarget[],
  { policy }: Pick<Configuration, "policy">,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const places = Map.groupBy(targets, ({ namespace, engine }) => `${namespace} ${engine}`);
  return await Promise.all(
    [...places.values()].flatMap((ofPlace) => {
      const [first] = ofPlace;
      if (first === undefined) return [];
      const { namespace, engine } = first;
      const asked = catalogue
        .filter((one) => one.engine === engine)
        .map(({ name }) => name)
        .filter((name) => ofPlace.some((target) => decidingRule(policy, name, target) !== null));
      return [placeFinding(identity, namespace, engine, asked, signal)];
    }),
  );
}

async function placeFinding(
  identity: Pick<Identity, "may">,
  namespace: string,
  engine: Engine,
  operations: readonly string[],
  signal: AbortSignal,
): Promise<Finding> {
  const subject = `Kubernetes: rights in ${namespace} for ${engine}`;
  // Objects that the Role names one by one are looked at where they are read: by each target's status.
  const rules = accessRules(engine, operations).filter(({ named }) => named === undefined);
  const missing = (await Promise.all(rules.map((rule) => missingOf(identity, namespace, rule, signal)))).flat();
  if (missing.length === 0) return good(subject, `all that these take: ${operations.join(", ") || "none"}`);
  const verbs = operations.map((name) => name.slice(name.indexOf(".") + 1)).join(",");
  const line = `npx handover rbac --namespace ${namespace} --engine ${engine} --operations ${verbs}`;
  return bad(subject, `missing: ${missing.join("; ")}`, `Apply the Role that this prints: ${line}`);
}

async function missingOf(
  identity: Pick<Identity, "may">,
  namespace: string,
  { group, resources, verbs, why }: AccessRule,
  signal: AbortSignal,
): Promise<string[]> {
  const asked = resources.flatMap((resource) => verbs.map((verb) => ({ resource, verb })));
  const answers = await Promise.all(
    asked.map(async ({ resource, verb }) => ({
      text: `${verb} ${resource}`,
      allowed: await identity.may({ namespace, group, resource, verb }, signal),
    })),
  );
  const denied = answers.filter(({ allowed }) => !allowed).map(({ text }) => text);
  return denied.length === 0 ? [] : [`${denied.join(", ")} (${why})`];
}
