import { type Problem, problem } from "../../domain/errors.ts";
import { lineToType } from "../line-to-type.ts";
import type { OperationContext } from "../operation.ts";
import { describeNodes, isAnswering, tlsProblems } from "./assess.ts";
import type { DoltView } from "./look.ts";
import { lackingIn } from "./primary-lacks.ts";

/**
 * What forbids a promotion whatever the standbys hold: a primary that answers, or lives though it does not
 * answer here, servers that are broken, one that hides what it is.
 * @param reached standbys that a primary was found to have reached
 */
export function objectionsToPromotion(
  context: OperationContext,
  view: DoltView,
  reached: readonly string[],
): Problem[] {
  const answering = view.nodes.filter(isAnswering);
  const problems: Problem[] = [];
  for (const { name, silence } of view.nodes) {
    // It runs, and could be the primary.
    if (silence?.kind === "login") problems.push(problem("dolt_credentials", { pod: name, why: silence.text }));
  }
  problems.push(...tlsProblems(view));
  const broken = answering.filter(({ answer }) => answer.role === "detected_broken_config").map(({ name }) => name);
  if (broken.length > 0) problems.push(problem("dolt_broken_config", { pods: broken }));
  const primaries = answering.filter(({ answer }) => answer.role === "primary");
  const [primary, ...others] = primaries;
  if (primary !== undefined && others.length > 0) {
    const roles = primaries.map(({ name, answer }) => `${name} is ${answer.role} at epoch ${answer.epoch}`);
    problems.push(problem("dolt_many_primaries", { roles }));
  } else if (primary !== undefined && lackingIn(view).length > 0) {
    // It came back on an empty volume: handing over from it would empty the others as well.
    const { namespace } = view.workload;
    problems.push(problem("dolt_primary_lacks", { namespace, pod: primary.name, missing: lackingIn(view) }));
  } else if (primary !== undefined) {
    const commandLine = lineToType(context, "dolt", "failover");
    problems.push(problem("dolt_primary_answers", { pod: primary.name, epoch: primary.answer.epoch, commandLine }));
  }
  if (answering.length === 0 && problems.length === 0) {
    problems.push(problem("dolt_nobody_answers", { roles: describeNodes(view) }));
  }
  if (reached.length > 0 && primaries.length === 0) {
    const silent = view.nodes.filter(({ answer }) => answer === null).map(({ name }) => name);
    problems.push(
      problem("dolt_primary_lives", { reached, silent, commandLine: lineToType(context, "dolt", "failover") }),
    );
  }
  return problems;
}
