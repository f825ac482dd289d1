import { type Environment, readConfigurationOf } from "../config/environment.ts";
import { fail, type Problem, problem } from "../domain/errors.ts";
import { mayBreakGlass } from "../domain/policy/explain.ts";
import { decidingRule } from "../domain/policy/matching.ts";
import type { Policy } from "../domain/policy/rule.ts";
import type { AnnouncedTarget } from "../domain/target.ts";
import { labelsNow } from "../execution/judge-plan.ts";
import type { OperationContext } from "../operations/operation.ts";
import type { Identity } from "../ports/workloads.ts";

/** The policy that a command line was given, and how the policy calls the cluster that it speaks to. */
export interface GivenPolicy {
  readonly policy: Policy;
  readonly cluster: string;
}

/**
 * The policy of the configuration that the environment names; null where it names none: then Kubernetes' own rights decide alone.
 * @throws {HandoverError} `configuration_invalid`
 */
export function givenPolicy(environment: Environment): GivenPolicy | null {
  const { HANDOVER_CONFIG: file, HANDOVER_CONFIG_YAML: yaml, HANDOVER_CLUSTER: named } = environment;
  if (!file && !yaml) return null;
  const { policy, clusters } = readConfigurationOf(environment, null);
  const cluster = named || (clusters.length === 1 ? clusters[0]?.name : undefined);
  if (cluster === undefined || !clusters.some(({ name }) => name === cluster)) {
    const known = clusters.map(({ name }) => name).join(", ");
    throw fail("configuration_invalid", {
      file: "The environment",
      issues: [`HANDOVER_CLUSTER does not say which of the configuration's clusters this is: ${known}`],
    });
  }
  return { policy, cluster };
}

/** Why the policy keeps this Kubernetes user from doing this without Slack; null: it does not. Throws HandoverError `kubernetes_away`, `kubernetes_refused`. */
export async function objectionToBreakGlass(
  { policy, cluster }: GivenPolicy,
  operation: string,
  target: AnnouncedTarget,
  context: OperationContext,
  identity: Identity,
): Promise<Problem | null> {
  const labels = await labelsNow(context);
  const rule = decidingRule(policy, operation, { ...target, cluster, labels });
  const { username, groups } = await identity.whoAmI(context.signal);
  if (rule !== null && mayBreakGlass(rule, [username, ...groups]) !== false) return null;
  const why =
    rule === null
      ? "no rule of it matches"
      : `rule “${rule.name}” names ${rule.breakGlass?.join(", ") || "nobody"} for that`;
  return problem("break_glass_not_allowed", { user: username, operation, target: target.name, why });
}
