import type { AnnouncedTarget } from "../../domain/target.ts";
import { preflight } from "../../execution/preflight.ts";
import { contextFor } from "../operation-context.ts";
import type { World } from "../world.ts";
import { bad, type Finding, good, notChecked, warning } from "./finding.ts";

const linkDeadlineMs = 5_000;

/** Each target, by its own status: whether it can be reached and logged in to, and what contradicts itself there. */
export async function targetFindings(
  world: World,
  targets: readonly AnnouncedTarget[],
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  if (targets.length === 0) {
    const advice = "Annotate a workload in a namespace of HANDOVER_NAMESPACES (docs/annotations.md).";
    return [warning("targets", "no workload is annotated where this user may look", advice)];
  }
  return await Promise.all(targets.map((target) => targetFinding(world, target, signal)));
}

async function targetFinding(world: World, target: AnnouncedTarget, signal: AbortSignal): Promise<Finding> {
  const subject = `target ${target.namespace}/${target.name}`;
  const operation = world.operationNamed(`${target.engine}.status`);
  if (operation === null) return notChecked(subject, `there is no status for ${target.engine}`);
  const result = await preflight(operation, contextFor(world, target, signal), {});
  if (result.kind === "refused") {
    const [first] = result.problems;
    return bad(subject, result.problems.map(({ what }) => what).join(" "), first?.next ?? "Look at its status.");
  }
  const { now, warnings } = result.draft;
  const [firstLine = "its status answers"] = now;
  if (warnings.length === 0) return good(subject, firstLine);
  return warning(subject, warnings.map(({ text }) => text).join(" "), "The status says what mends it.");
}

/** Whether each runbook and dashboard that people will be sent to is there. */
export async function linkFindings(
  targets: readonly AnnouncedTarget[],
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const links = new Map<string, string>();
  for (const target of targets) {
    for (const [operation, url] of Object.entries(target.runbooks)) {
      links.set(url, `runbook of ${target.namespace}/${target.name} (${operation})`);
    }
  }
  const without = targets.filter(({ runbooks }) => Object.keys(runbooks).length === 0);
  const advice = "Add the annotation handover.dev/runbook to the workload (docs/annotations.md).";
  return [
    ...without.map(({ namespace, name }) => warning(`runbook of ${namespace}/${name}`, "it has none", advice)),
    ...(await Promise.all([...links].map(([url, subject]) => linkFinding(subject, url, signal)))),
  ];
}

/** What asks for a login is there all the same. */
const statusesOfLogins = [401, 403];

async function linkFinding(subject: string, url: string, signal: AbortSignal): Promise<Finding> {
  const mend = "Correct the annotation, or put the page there: it is what people open at night.";
  if (!URL.canParse(url) || !["http:", "https:"].includes(new URL(url).protocol)) {
    return bad(subject, `${url} is no web address`, mend);
  }
  const bounded = AbortSignal.any([signal, AbortSignal.timeout(linkDeadlineMs)]);
  try {
    const response = await fetch(url, { method: "GET", redirect: "follow", signal: bounded });
    await response.body?.cancel();
    const isThere = response.ok || statusesOfLogins.includes(response.status);
    return isThere ? good(subject, url) : bad(subject, `${url} answers ${response.status}`, mend);
  } catch {
    return warning(subject, `${url} does not answer from here`, mend);
  }
}
