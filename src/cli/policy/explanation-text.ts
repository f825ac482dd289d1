import type { Memberships } from "../../domain/memberships.ts";
import { momentText } from "../../domain/moments.ts";
import type { Explanation, Question } from "../../domain/policy/explain.ts";
import type { PolicyRule } from "../../domain/policy/rule.ts";
import { type Principal, principalKey, principalText } from "../../domain/principals.ts";
import { targetText } from "../../domain/target.ts";

/** What a policy says to a question, for somebody at a terminal. */
export function explanationText(question: Question, explanation: Explanation, known: Memberships): string {
  const { rule, passed, frozen } = explanation;
  const lines = [`${question.operation} on ${targetText(question.target)}${labelsText(question)}`, ""];
  if (rule === null) {
    lines.push("Denied: no rule matches, and what no rule allows is denied.");
  } else {
    lines.push(
      `Rule “${rule.name}” decides: it is the first that matches.`,
      ...askingLines(question, explanation, rule, known),
    );
    lines.push(...approvalLines(question, explanation, rule, known), ...otherLines(rule));
    if (frozen !== null) {
      const { window, untilMs } = frozen;
      const reason = window.reason === null ? "" : ` (${window.reason})`;
      lines.push(
        "",
        `Frozen until ${momentText(untilMs, window.timeZone)}: ${window.name}${reason}. It would be refused.`,
      );
    }
  }
  if (passed.length > 0) {
    const [before, have] = rule === null ? ["The rules", "do not match"] : ["The rules before it", "do not match"];
    lines.push("", `${before} ${have}:`, ...passed.map(({ name, why }) => `  “${name}”: ${why}.`));
  }
  return `${lines.join("\n")}\n`;
}

function labelsText({ target }: Question): string {
  const labels = Object.entries(target.labels ?? {}).map(([label, value]) => `${label}=${value}`);
  return labels.length === 0 ? "" : ` (${labels.join(", ")})`;
}

function askingLines({ person }: Question, { mayAsk }: Explanation, rule: PolicyRule, known: Memberships): string[] {
  const lines = ["", `May ask: ${plain(rule.requesters.text)}`, ...membersLines(rule.requesters.principals, known)];
  if (person === null || mayAsk === null) return lines;
  switch (mayAsk.kind) {
    case "yes":
      return [...lines, `  ${person.userId} may ask.`];
    case "no":
      return [...lines, `  ${person.userId} may not ask: the rule does not name them, and no later rule is looked at.`];
    case "unknown":
      return [...lines, `  Whether ${person.userId} may ask is not known here: ${mayAsk.why}. ${lookUpAdvice}`];
  }
}

const lookUpAdvice = "With --look-up and a SLACK_BOT_TOKEN, Slack and PagerDuty are asked.";

function approvalLines(question: Question, explanation: Explanation, rule: PolicyRule, known: Memberships): string[] {
  if (rule.requirements.length === 0) {
    const why = question.changesTarget ? "the rule asks for none" : "it changes nothing";
    return ["", `Approvals: none, because ${why}.`];
  }
  const lines = ["", "Approvals, each counting for one of these:"];
  for (const { count, of, principals } of rule.requirements) {
    lines.push(`  ${count} of ${plain(of)}`, ...membersLines(principals, known, "    "));
  }
  for (const { afterMinutes, to, principals, mayApprove } of rule.escalation) {
    lines.push(`  after ${afterMinutes} min ${plain(to)} ${mayApprove ? "may approve, too" : "are told"}`);
    lines.push(...membersLines(principals, known, "    "));
  }
  const { people, unknown } = explanation.candidates;
  const names = [...people.keys()];
  const open =
    unknown.length === 0
      ? ""
      : `; and whoever else is in ${[...new Set(unknown.map(({ of }) => plain(of)))].join(", ")}`;
  lines.push(`  Could approve: ${names.length === 0 ? "nobody known by name" : names.join(", ")}${open}`);
  if (question.person !== null) {
    const { userId } = question.person;
    const own = rule.selfApproval
      ? "counts, because the rule has selfApproval"
      : "never counts: who asks does not approve";
    lines.push(`  The approval of ${userId}, who asks, ${own}.`);
  }
  return lines;
}

function otherLines(rule: PolicyRule): string[] {
  const reminders =
    rule.remindAfterMinutes.length === 0 ? "no reminder" : `reminded after ${rule.remindAfterMinutes.join(", ")} min`;
  const away =
    rule.whenSlackIsAway.kind === "refuse"
      ? "refused"
      : `an approval counts as it was checked, up to ${rule.whenSlackIsAway.minutes} min before`;
  const breakGlass = rule.breakGlass === null ? "whoever Kubernetes lets" : rule.breakGlass.join(", ") || "nobody";
  return [
    "",
    `A plan waits ${rule.expiresAfterMinutes} min; ${reminders}.`,
    `A reason is ${rule.reasonRequired ? "demanded" : "welcome"}.`,
    `When Slack or PagerDuty cannot be asked at the start: ${away}.`,
    `Break-glass on the command line: ${breakGlass}.`,
    ...rule.freeze.map(({ name, timeZone, when }) =>
      when.kind === "cron"
        ? `Freeze “${name}”: for ${when.forMinutes} min from ${when.cron} (${timeZone}).`
        : `Freeze “${name}”: ${momentText(when.fromMs, timeZone)} to ${momentText(when.toMs, timeZone)}.`,
    ),
  ];
}

/** Who is behind the principals that somebody had to look up. */
function membersLines(principals: readonly Principal[], known: Memberships, indent = "  "): string[] {
  return principals.flatMap((principal) => {
    const membership = known.get(principalKey(principal));
    if (principal.kind === "user") return [];
    const name = `${indent}${plain(principalText(principal))}`;
    if (membership === undefined) return [`${name}: not looked up`];
    if ("unknown" in membership) return [`${name}: not known (${membership.unknown})`];
    return [`${name}: ${membership.members.join(", ") || "nobody"}`];
  });
}

/** A terminal does not turn Slack's notation into names. */
function plain(text: string): string {
  return text.replaceAll(/<@([A-Z0-9]+)>/g, "$1");
}
