import { openDirectories } from "../../adapters/open-directories.ts";
import { createSlackCall } from "../../adapters/slack/web-api.ts";
import type { WorkerSettings } from "../../config/environment.ts";
import type { Membership } from "../../domain/memberships.ts";
import { principalsOf } from "../../domain/policy/judging.ts";
import { needsLookup, type Principal, principalKey, principalText } from "../../domain/principals.ts";
import type { Clock } from "../../ports/clock.ts";
import { bad, type Finding, good, warning } from "./finding.ts";

/** Whether Slack and PagerDuty say who everybody is whom the policy names by a group, an address or on-call. */
export async function peopleFindings(
  { slack, configuration, pagerDuty }: Pick<WorkerSettings, "slack" | "configuration" | "pagerDuty">,
  clock: Clock,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const principals = principalsOf(configuration.policy).filter(needsLookup);
  if (principals.length === 0) return [];
  const settings = { home: configuration.slack, pagerDuty };
  const directories = openDirectories(settings, createSlackCall(slack), async () => clock.nowMs(), clock);
  const known = await directories.look(principals, signal);
  return principals.map((principal) => findingOf(principal, known.get(principalKey(principal))));
}

function findingOf(principal: Principal, membership: Membership | undefined): Finding {
  const subject = `people: ${principalText(principal)}`;
  if (membership === undefined || "unknown" in membership) {
    const mend =
      "Mend what it says, or name others in handover.yaml; docs/configuration.md says what each kind of name needs. Until then nobody can ask or approve by it.";
    return bad(subject, membership?.unknown ?? "nobody said", mend);
  }
  const { members } = membership;
  if (members.length > 0) return good(subject, `${members.length} ${members.length === 1 ? "person" : "people"}`);
  return warning(
    subject,
    "nobody, at the moment",
    "Put somebody into it, or on call, or nobody can ask or approve by it.",
  );
}
