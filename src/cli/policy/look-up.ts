import { Directories } from "../../adapters/directories.ts";
import { PagerDutyApi } from "../../adapters/pagerduty/api.ts";
import { PagerDutyOnCall } from "../../adapters/pagerduty/on-call.ts";
import { SlackEmails } from "../../adapters/slack/emails.ts";
import { SlackUsergroups } from "../../adapters/slack/usergroups.ts";
import { createSlackCall } from "../../adapters/slack/web-api.ts";
import { type Environment, readLookUpSettings } from "../../config/environment.ts";
import type { Configuration } from "../../config/handover-yaml.ts";
import type { Memberships } from "../../domain/memberships.ts";
import type { Principal } from "../../domain/principals.ts";
import type { Clock } from "../../ports/clock.ts";

/** Asks Slack and PagerDuty who these are, with the tokens of the environment, as a worker does. @throws {HandoverError} `configuration_invalid` */
export async function lookUp(
  principals: readonly Principal[],
  configuration: Configuration,
  environment: Environment,
  clock: Clock,
  signal: AbortSignal,
): Promise<Memberships> {
  const { slack, pagerDuty } = readLookUpSettings(environment);
  const callSlack = createSlackCall(slack);
  const emails = new SlackEmails(callSlack, configuration.slack, clock);
  const groups = new SlackUsergroups(callSlack, configuration.slack, clock);
  const onCall = pagerDuty === null ? [] : [new PagerDutyOnCall(new PagerDutyApi(pagerDuty, clock), emails, clock)];
  const directories = new Directories([groups, emails, ...onCall], async () => clock.nowMs());
  return await directories.look(principals, signal);
}
