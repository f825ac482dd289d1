import { timeZoneOf } from "../wall-clock.ts";
import { cronObjection, localTime } from "./freeze-windows.ts";
import { type Complain, type Groups, readGroups, readWhom } from "./groups.ts";
import type { Escalation, FreezeWindow, Policy, PolicyRule, Requirement, WhenSlackIsAway } from "./rule.ts";
import type { WrittenFreeze, WrittenGroup, WrittenLinks, WrittenRule } from "./written.ts";

/** The parts of handover.yaml that make the policy. */
export interface WrittenParts {
  readonly policy: readonly WrittenRule[];
  readonly groups?: Readonly<Record<string, WrittenGroup>> | undefined;
  readonly links?: WrittenLinks | undefined;
}

type Path = readonly (string | number)[];

/** The policy as it is judged by. What makes no sense is complained of; then what comes back is not to be used. */
export function readPolicy({ policy, groups, links }: WrittenParts, complain: Complain): Policy {
  const known = readGroups(groups ?? {}, complain);
  const names = new Set<string>();
  return policy.map((written, index) => {
    const path: Path = ["policy", index];
    if (names.has(written.name))
      complain([...path, "name"], "is the name of another rule, too: the audit tells rules by their names");
    names.add(written.name);
    return readRule(written, known, links ?? {}, path, complain);
  });
}

function readRule(
  written: WrittenRule,
  groups: Groups,
  links: WrittenLinks,
  path: Path,
  complain: Complain,
): PolicyRule {
  const { name, operations, clusters, namespaces, targets, labels, expiresAfterMinutes } = written;
  return {
    name,
    operations,
    clusters,
    namespaces,
    targets,
    labels,
    requesters: readWhom(written.requesters, groups, [...path, "requesters"], complain),
    requirements: readRequirements(written, groups, path, complain),
    selfApproval: written.selfApproval,
    expiresAfterMinutes,
    remindAfterMinutes: readReminders(written, path, complain),
    escalation: readEscalation(written, groups, path, complain),
    reasonRequired: written.reasonRequired,
    freeze: written.freeze.flatMap((window, index) => readFreeze(window, [...path, "freeze", index], complain)),
    breakGlass: written.breakGlass?.users ?? null,
    whenSlackIsAway: readWhenSlackIsAway(written.whenSlackIsAway),
    runbook: written.runbook ?? links.runbook ?? null,
    dashboards: written.dashboards ?? links.dashboards ?? [],
  };
}

function readRequirements(
  { approvals, approvers }: WrittenRule,
  groups: Groups,
  path: Path,
  complain: Complain,
): Requirement[] {
  if (typeof approvals === "number") {
    const { text, principals } = readWhom(approvers, groups, [...path, "approvers"], complain);
    if (approvals === 0) return [];
    if (approvers.length > 0) return [{ count: approvals, of: text, principals }];
    complain([...path, "approvals"], `asks for ${approvals}, and there are no approvers`);
    return [];
  }
  if (approvers.length > 0) {
    complain([...path, "approvers"], "goes with a number of approvals; where approvals says of whom, leave it out");
  }
  const texts = typeof approvals === "string" ? approvals.split(/ +and +/) : approvals;
  return texts.flatMap((text, index) => {
    const at = typeof approvals === "string" ? [...path, "approvals"] : [...path, "approvals", index];
    return readRequirement(text, groups, at, complain);
  });
}

function readRequirement(text: string, groups: Groups, path: Path, complain: Complain): Requirement[] {
  const parts = /^([1-9]|10) of (\S.*)$/.exec(text.trim());
  if (parts === null) {
    complain(path, `“${text}” is not like \`2 of @dba\`, with a number from 1 to 10`);
    return [];
  }
  const names = (parts[2] ?? "").trim().split(/\s*,\s*|\s+or\s+/);
  const { text: of, principals } = readWhom(names, groups, path, (_at, message) => complain(path, message));
  return principals.length === 0 ? [] : [{ count: Number(parts[1]), of, principals }];
}

function readReminders({ remindAfterMinutes, expiresAfterMinutes }: WrittenRule, path: Path, complain: Complain) {
  for (const [index, minutes] of remindAfterMinutes.entries()) {
    if (minutes >= expiresAfterMinutes)
      complain([...path, "remindAfterMinutes", index], tooLate(minutes, expiresAfterMinutes));
  }
  return [...new Set(remindAfterMinutes)].sort((a, b) => a - b);
}

function readEscalation(
  { escalation, expiresAfterMinutes }: WrittenRule,
  groups: Groups,
  path: Path,
  complain: Complain,
): Escalation[] {
  const read = escalation.map(({ afterMinutes, to, mayApprove }, index) => {
    const at = [...path, "escalation", index];
    if (afterMinutes >= expiresAfterMinutes)
      complain([...at, "afterMinutes"], tooLate(afterMinutes, expiresAfterMinutes));
    const { text, principals } = readWhom(to, groups, [...at, "to"], complain);
    return { afterMinutes, to: text, principals, mayApprove };
  });
  return read.sort((a, b) => a.afterMinutes - b.afterMinutes);
}

function tooLate(minutes: number, expiresAfterMinutes: number): string {
  return `would come after ${minutes} min, and the request expires after ${expiresAfterMinutes}`;
}

function readFreeze(written: WrittenFreeze, path: Path, complain: Complain): FreezeWindow[] {
  const { name, timeZone } = written;
  if (timeZoneOf(timeZone) === null) {
    complain([...path, "timeZone"], `“${timeZone}” is not a time zone such as Europe/Berlin or UTC`);
    return [];
  }
  const when = readWhen(written, path, complain);
  return when === null ? [] : [{ name, reason: written.reason ?? null, timeZone, when }];
}

function readWhen(written: WrittenFreeze, path: Path, complain: Complain): FreezeWindow["when"] | null {
  const { from, to, cron, forMinutes, timeZone } = written;
  if (from !== undefined && to !== undefined && cron === undefined && forMinutes === undefined) {
    const fromMs = readTime(from, timeZone, "from", [...path, "from"], complain);
    const toMs = readTime(to, timeZone, "to", [...path, "to"], complain);
    if (fromMs === null || toMs === null) return null;
    if (toMs <= fromMs) complain([...path, "to"], "is not after from");
    return { kind: "range", fromMs, toMs };
  }
  if (cron !== undefined && forMinutes !== undefined && from === undefined && to === undefined) {
    const objection = cronObjection(cron, timeZone);
    if (objection === null) return { kind: "cron", cron, forMinutes };
    complain([...path, "cron"], `“${cron}” ${objection}`);
    return null;
  }
  complain(path, "needs either from and to, or cron and forMinutes");
  return null;
}

function readTime(text: string, timeZone: string, edge: "from" | "to", path: Path, complain: Complain): number | null {
  const atMs = localTime(text, timeZone, edge);
  if (atMs === null) complain(path, `“${text}” is not a day such as 2026-12-24, or a time such as 2026-12-24T18:00`);
  return atMs;
}

function readWhenSlackIsAway(text: string): WhenSlackIsAway {
  const minutes = /^acceptCheckedWithin (\d+)m$/.exec(text)?.[1];
  return minutes === undefined ? { kind: "refuse" } : { kind: "acceptCheckedWithin", minutes: Number(minutes) };
}
