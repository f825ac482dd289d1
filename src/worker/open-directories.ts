import { Directories } from "../adapters/directories.ts";
import { PagerDutyApi } from "../adapters/pagerduty/api.ts";
import { PagerDutyOnCall } from "../adapters/pagerduty/on-call.ts";
import { SlackEmails } from "../adapters/slack/emails.ts";
import { SlackUsergroups } from "../adapters/slack/usergroups.ts";
import type { CallSlack } from "../adapters/slack/web-api.ts";
import type { WorkerSettings } from "../config/environment.ts";
import type { Clock } from "../ports/clock.ts";
import type { RequestStore } from "../ports/request-store.ts";

/** Everybody whom a worker asks who is who. A new on-call service is one more of them. */
export function openDirectories(
  { configuration, pagerDuty }: Pick<WorkerSettings, "configuration" | "pagerDuty">,
  callSlack: CallSlack,
  store: Pick<RequestStore, "nowMs">,
  clock: Clock,
): Directories {
  const emails = new SlackEmails(callSlack, configuration.slack, clock);
  const groups = new SlackUsergroups(callSlack, configuration.slack, clock);
  const onCall = pagerDuty === null ? [] : [new PagerDutyOnCall(new PagerDutyApi(pagerDuty, clock), emails, clock)];
  return new Directories([groups, emails, ...onCall], () => store.nowMs());
}
