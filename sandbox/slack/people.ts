/** Who and what a workspace holds at its start. Everything is made up. */

/** A person, with the flags of Slack's user object that decide whether someone may ask or approve (`users.info`). */
export interface Person {
  readonly id: string;
  /** The handle. */
  readonly name: string;
  readonly realName: string;
  readonly email: string;
  /** The person's own workspace; another than the app's for someone who clicks through Slack Connect. Default: the app's. */
  readonly teamId?: string;
  readonly deleted?: boolean;
  readonly isBot?: boolean;
  readonly isWorkflowBot?: boolean;
  /** A multi-channel guest. */
  readonly isRestricted?: boolean;
  /** A single-channel guest. */
  readonly isUltraRestricted?: boolean;
  /** Someone of another organization, seen through a shared channel. */
  readonly isStranger?: boolean;
  /** Default true. */
  readonly isEmailConfirmed?: boolean;
  /** IANA's name. Default: UTC's. */
  readonly timeZone?: string;
  /** Who the person is in the organisation, on Enterprise Grid. */
  readonly enterpriseUser?: { readonly id: string; readonly enterpriseId: string };
}

export interface Channel {
  readonly id: string;
  readonly name: string;
  /** Whether the app's bot is a member; it cannot post where it is not. Default true. */
  readonly hasBot?: boolean;
  readonly isArchived?: boolean;
  /** Shared with another organization. */
  readonly isExtShared?: boolean;
  readonly isPendingExtShared?: boolean;
}

/** A user group (`S…`), whose members `usergroups.users.list` tells. */
export interface Group {
  readonly id: string;
  readonly handle: string;
  readonly members: readonly string[];
  readonly isDisabled?: boolean;
}

export const team = { id: "T0HANDOVER", name: "Handover", domain: "handover" };

/** The app, as Slack would have installed it. The secrets are good for this workspace only. */
export const app = {
  id: "A0HANDOVER",
  botUserId: "U0HANDOVER",
  botName: "handover",
  botToken: "xoxb-sandbox-handover",
  appToken: "xapp-sandbox-handover",
  signingSecret: "sandbox-signing-secret",
};

const person = (id: string, name: string, realName: string, rest: Partial<Person> = {}): Person => ({
  id,
  name,
  realName,
  email: `${name}@example.com`,
  ...rest,
});

/** Alice is on call and asks; Bob (on call too) and Carol approve; Dave is nobody; Gina is a guest. */
export const people = {
  alice: person("U0ALICE", "alice", "Alice Ames", { timeZone: "Europe/Berlin" }),
  bob: person("U0BOB", "bob", "Bob Brandt"),
  carol: person("U0CAROL", "carol", "Carol Cruz"),
  dave: person("U0DAVE", "dave", "Dave Dunn"),
  gina: person("U0GINA", "gina", "Gina Guest", { isRestricted: true }),
};

export const channels = {
  "db-ops": { id: "C0DBOPS", name: "db-ops" },
  incidents: { id: "C0INCIDENTS", name: "incidents" },
  /** The bot was never invited here. */
  random: { id: "C0RANDOM", name: "random", hasBot: false },
  /** Shared with a supplier. */
  supplier: { id: "C0SUPPLIER", name: "supplier", isExtShared: true },
} satisfies Record<string, Channel>;

export const groups = {
  oncall: { id: "S0ONCALL", handle: "oncall", members: [people.alice.id, people.bob.id] },
  approvers: { id: "S0APPROVERS", handle: "db-approvers", members: [people.bob.id, people.carol.id] },
};
