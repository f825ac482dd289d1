import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type SlackWorkspace, startSlack } from "../../../sandbox/slack/workspace.ts";
import { SlackEmails } from "../../../src/adapters/slack/emails.ts";
import { SlackUsergroups } from "../../../src/adapters/slack/usergroups.ts";
import { type CallSlack, createSlackCall } from "../../../src/adapters/slack/web-api.ts";
import { type Principal, principalKey } from "../../../src/domain/principals.ts";
import type { Directory, DirectoryAnswer } from "../../../src/ports/memberships.ts";
import { SleeplessClock } from "../../support/sleepless-clock.ts";

let slack: SlackWorkspace;
let call: CallSlack;

beforeAll(async () => {
  slack = await startSlack();
  call = createSlackCall(slack);
});
afterAll(() => slack?.close());
beforeEach(() => slack.heal());

const soon = () => AbortSignal.timeout(10_000);
const home = () => ({ teamId: slack.teamId });

async function answerFor(directory: Directory, principal: Principal): Promise<DirectoryAnswer | undefined> {
  return (await directory.ask([principal], soon())).get(principalKey(principal));
}

describe("a Slack group", () => {
  const group = (id: string): Principal => ({ kind: "usergroup", id });
  const groups = (clock = new SleeplessClock()) => new SlackUsergroups(call, home(), clock);

  it("is known by its id, with who is in it now", async () => {
    const { approvers } = slack.groups;
    const { bob, carol } = slack.users;
    expect(await answerFor(groups(), group(approvers.id))).toEqual({ kind: "members", members: [bob.id, carol.id] });
    slack.setGroup(approvers, []);
    expect(await answerFor(groups(), group(approvers.id))).toEqual({ kind: "members", members: [] });
    slack.setGroup(approvers, [bob, carol]);
  });

  it("and many more cost one call", async () => {
    const { approvers, oncall } = slack.groups;
    const before = slack.calls().length;
    const answers = await groups().ask([approvers.id, oncall.id, "S0GONE"].map(group), soon());
    expect([...answers]).toEqual([
      [`usergroup:${approvers.id}`, { kind: "members", members: approvers.members }],
      [`usergroup:${oncall.id}`, { kind: "members", members: oncall.members }],
      ["usergroup:S0GONE", { kind: "nobody", why: expect.stringContaining("no such group") }],
    ]);
    expect(slack.calls().length - before).toBe(1);
  });

  it("that was disabled names nobody, whatever members it kept", async () => {
    const { approvers, oncall } = slack.groups;
    slack.changeGroup(approvers, { isDisabled: true });
    expect(await answerFor(groups(), group(approvers.id))).toMatchObject({ kind: "nobody" });
    const answers = await groups().ask([group(approvers.id), group(oncall.id)], soon());
    expect(answers.get(`usergroup:${approvers.id}`)).toMatchObject({ kind: "nobody" });
    slack.changeGroup(approvers, { isDisabled: false });
  });

  it.each([
    ["plan_upgrade_required", { kind: "nobody", why: expect.stringContaining("plan") }],
    ["no_such_subteam", { kind: "nobody", why: expect.any(String) }],
    ["missing_scope", { kind: "no_answer", why: expect.stringContaining("scope") }],
    ["internal_error", { kind: "no_answer", why: "Slack answered internal_error" }],
  ])("about which Slack answers %s", async (error, expected) => {
    const { approvers, oncall } = slack.groups;
    slack.fault("usergroups.users.list", { kind: "error", error });
    expect(await answerFor(groups(), group(approvers.id))).toEqual(expected);
    slack.fault("usergroups.list", { kind: "error", error });
    const answers = await groups().ask([group(approvers.id), group(oncall.id)], soon());
    expect([...answers.values()]).toEqual([expected, expected]);
  });

  it("is asked about again after a short pause that Slack asks for", async () => {
    const clock = new SleeplessClock();
    const { approvers } = slack.groups;
    slack.fault("usergroups.users.list", { kind: "ratelimited", retryAfterSeconds: 3 });
    const before = slack.calls("usergroups.users.list").length;
    expect(await answerFor(groups(clock), group(approvers.id))).toMatchObject({ kind: "members" });
    expect(clock.slept).toEqual([3_000]);
    expect(slack.calls("usergroups.users.list").length - before).toBe(2);
  });

  it("is not waited for when Slack asks for a long pause", async () => {
    slack.fault("usergroups.users.list", { kind: "ratelimited", retryAfterSeconds: 30 });
    const directory = groups();
    const { approvers } = slack.groups;
    expect(await answerFor(directory, group(approvers.id))).toEqual({
      kind: "no_answer",
      why: "Slack: it asks to wait 30 s",
    });
    const before = slack.calls("usergroups.users.list").length;
    expect(await answerFor(directory, group(approvers.id))).toMatchObject({ kind: "no_answer" });
    expect(slack.calls("usergroups.users.list")).toHaveLength(before);
  });

  it("is looked for in the configured workspace of an organisation", async () => {
    const directory = new SlackUsergroups(call, { teamId: "T0HANDOVER", enterpriseId: "E1" }, new SleeplessClock());
    await answerFor(directory, group(slack.groups.approvers.id));
    expect(slack.calls("usergroups.users.list").at(-1)?.args).toMatchObject({ team_id: "T0HANDOVER" });
  });
});

describe("an e-mail address", () => {
  const emails = () => new SlackEmails(call, home(), new SleeplessClock());
  const of = (email: string): Principal => ({ kind: "email", email });

  it("is whose account it is", async () => {
    const { bob, carol } = slack.users;
    const answers = await emails().ask([of(bob.email), of(carol.email)], soon());
    expect([...answers]).toEqual([
      [`email:${bob.email}`, { kind: "members", members: [bob.id] }],
      [`email:${carol.email}`, { kind: "members", members: [carol.id] }],
    ]);
  });

  it.each([
    ["that was never confirmed", { isEmailConfirmed: false }, "never confirmed"],
    ["of a guest", { isRestricted: true }, "guest"],
    ["of a bot", { isBot: true }, "bot"],
    ["of a workflow", { isWorkflowBot: true }, "bot"],
    ["of another workspace's person", { teamId: "T0OTHER" }, "another workspace"],
    ["of a stranger", { isStranger: true }, "another organisation"],
    ["of somebody who left", { deleted: true }, "no active Slack account"],
  ])("%s names nobody", async (_, flags, why) => {
    const { dave } = slack.users;
    slack.changePerson(dave, flags);
    expect(await answerFor(emails(), of(dave.email))).toEqual({ kind: "nobody", why: expect.stringContaining(why) });
    slack.changePerson(dave, {
      isEmailConfirmed: true,
      isRestricted: false,
      isBot: false,
      isWorkflowBot: false,
      teamId: slack.teamId,
      isStranger: false,
      deleted: false,
    });
    expect(await answerFor(emails(), of(dave.email))).toMatchObject({ kind: "members" });
  });

  it("about which Slack says nothing is no answer", async () => {
    slack.fault("users.lookupByEmail", { kind: "lostAnswer" });
    expect(await answerFor(emails(), of(slack.users.bob.email))).toEqual({
      kind: "no_answer",
      why: "Slack did not answer in time",
    });
  });
});
