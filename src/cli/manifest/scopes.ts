/**
 * Each method of Slack's Web API that Handover calls, with the scopes of the bot's token that it takes, as the method's page
 * says (https://docs.slack.dev/reference/methods). The app's manifest asks for exactly these; a test holds that the adapters
 * call no method that is not here.
 */
const scopesByMethod: Readonly<Record<string, readonly string[]>> = {
  "auth.test": [],
  "chat.getPermalink": [],
  "chat.postEphemeral": ["chat:write"],
  "chat.postMessage": ["chat:write"],
  "chat.update": ["chat:write"],
  // Of private channels too, where the app is in them.
  "conversations.info": ["channels:read", "groups:read"],
  "usergroups.list": ["usergroups:read"],
  "usergroups.users.list": ["usergroups:read"],
  "users.info": ["users:read"],
  "users.lookupByEmail": ["users:read", "users:read.email"],
  "views.open": [],
  "views.publish": [],
  "views.update": [],
};

/** What a scope is for, as an administrator asks who has to grant it. */
const reasons: Readonly<Record<string, string>> = {
  commands: "the slash commands",
  "chat:write": "requests, their threads, reminders, and announcements in the cluster's channel",
  "users:read": "whether a person is a full, active, human account of this workspace",
  "users:read.email": "people whom the policy, or a PagerDuty schedule, names by e-mail",
  "usergroups:read": "groups whom the policy names",
  "channels:read": "whether a channel is shared with another organisation",
  "groups:read": "the same of private channels that the app is in",
};

export const knownMethods: ReadonlySet<string> = new Set(Object.keys(scopesByMethod));

/** Every scope of the bot's token, with what it is for; in the order in which they are told. */
export const botScopes: readonly { readonly scope: string; readonly why: string }[] = Object.entries(reasons).map(
  ([scope, why]) => ({ scope, why }),
);

/** The scopes that the methods take, beside that of the slash commands. */
export const scopesOfMethods: ReadonlySet<string> = new Set(["commands", ...Object.values(scopesByMethod).flat()]);
