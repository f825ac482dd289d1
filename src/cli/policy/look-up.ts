import { openDirectories } from "../../adapters/open-directories.ts";
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
  const settings = { home: configuration.slack, pagerDuty };
  const directories = openDirectories(settings, createSlackCall(slack), async () => clock.nowMs(), clock);
  return await directories.look(principals, signal);
}
