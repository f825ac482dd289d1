import type { Clock } from "../ports/clock.ts";
import { Directories } from "./directories.ts";
import { PagerDutyApi, type PagerDutyOptions } from "./pagerduty/api.ts";
import { PagerDutyOnCall } from "./pagerduty/on-call.ts";
import { SlackEmails } from "./slack/emails.ts";
import type { Home } from "./slack/user.ts";
import { SlackUsergroups } from "./slack/usergroups.ts";
import type { CallSlack } from "./slack/web-api.ts";

export interface DirectorySettings {
  readonly home: Home;
  /** Null: nobody is named by PagerDuty. */
  readonly pagerDuty: PagerDutyOptions | null;
}

/**
 * Everybody who is asked who is who. A new on-call service is one more of them.
 * @param nowMs by which clock answers are dated
 */
export function openDirectories(
  { home, pagerDuty }: DirectorySettings,
  callSlack: CallSlack,
  nowMs: () => Promise<number>,
  clock: Clock,
): Directories {
  const emails = new SlackEmails(callSlack, home, clock);
  const groups = new SlackUsergroups(callSlack, home, clock);
  const onCall = pagerDuty === null ? [] : [new PagerDutyOnCall(new PagerDutyApi(pagerDuty, clock), emails, clock)];
  return new Directories([groups, emails, ...onCall], nowMs);
}
