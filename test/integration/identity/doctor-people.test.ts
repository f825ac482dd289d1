import { afterAll, beforeAll, expect, test } from "vitest";
import { stringify } from "yaml";
import { newSigningKeys } from "../../../sandbox/keys.ts";
import { type PagerDuty, startPagerDuty } from "../../../sandbox/pagerduty/server.ts";
import { type SlackWorkspace, startSlack } from "../../../sandbox/slack/workspace.ts";
import { peopleFindings } from "../../../src/cli/doctor/people-checks.ts";
import { readConfiguration } from "../../../src/config/handover-yaml.ts";
import { SleeplessClock } from "../../support/sleepless-clock.ts";

let slack: SlackWorkspace;
let pagerDuty: PagerDuty;

beforeAll(async () => {
  [slack, pagerDuty] = await Promise.all([startSlack(), startPagerDuty()]);
});
afterAll(async () => {
  await pagerDuty?.close();
  await slack?.close();
});

test("the doctor says of each group, address and schedule of the policy whether anybody is behind it", async () => {
  const keys = newSigningKeys();
  const { bob, dave } = slack.users;
  slack.changePerson(dave, { isEmailConfirmed: false });
  pagerDuty.state.schedules.set("PEMPTY", { id: "PEMPTY", name: "Nobody", shifts: [] });
  const configuration = readConfiguration(
    stringify({
      version: 1,
      slack: { teamId: slack.teamId },
      clusters: [{ name: "main", channel: "C0DBOPS", publicKey: keys.publicText }],
      edge: { publicKeys: [keys.publicText] },
      groups: { "on-call": { pagerduty: { schedule: "PEMPTY" } }, gone: { pagerduty: { schedule: "PGONE" } } },
      policy: [
        {
          name: "all",
          operations: ["dolt.*"],
          requesters: ["S0APPROVERS", bob.email, dave.email],
          approvers: ["@on-call", "@gone"],
        },
      ],
    }),
    "handover.yaml",
  );
  const clock = new SleeplessClock();
  const findings = await peopleFindings({ slack, configuration, pagerDuty }, clock, AbortSignal.timeout(10_000));
  expect(findings.map(({ subject, state, what }) => [subject, state, what])).toEqual([
    ["people: Slack group S0APPROVERS", "good", "2 people"],
    [`people: ${bob.email}`, "good", "1 person"],
    [`people: ${dave.email}`, "bad", "the Slack account with this address never confirmed it"],
    ["people: on call by PagerDuty schedule PEMPTY", "warning", "nobody, at the moment"],
    ["people: on call by PagerDuty schedule PGONE", "bad", "PagerDuty does not know it (404)"],
  ]);
  for (const { state, mend } of findings) if (state !== "good") expect(mend).toBeTruthy();
});
