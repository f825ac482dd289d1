import { z } from "zod";
import { blockKitErrors, viewErrors } from "./block-kit.ts";
import type { LocalSlack } from "./local-slack.ts";
import { app, type Channel, type Group, type Person, team } from "./people.ts";
import { withShownDates } from "./shown-dates.ts";

export type Args = Readonly<Record<string, unknown>>;
export type Answer = { readonly ok: boolean; readonly error?: string } & Readonly<Record<string, unknown>>;

/** What a workspace holds at a moment; tests change it while it runs. */
export interface WorkspaceState {
  readonly people: Map<string, Person>;
  readonly channels: Map<string, Channel>;
  readonly groups: Map<string, Group>;
  /** What Slack would accept, and people would regret: `chat.update` without blocks, a message without `text` … */
  readonly warnings: string[];
}

const refuse = (error: string, more: Args = {}): Answer => ({ ok: false, error, ...more });
const answerShape = z.looseObject({ ok: z.boolean(), error: z.string().optional() });

/** Slack's longest `text` of a message. */
const maxTextLength = 40_000;

/**
 * Slack's Web API as the project needs it: local-slack's, with the refusals and the methods that it lacks. Sources: the methods'
 * pages under https://docs.slack.dev/reference/methods.
 */
export class WebApi {
  readonly #slack: LocalSlack;
  readonly #state: WorkspaceState;

  constructor(slack: LocalSlack, state: WorkspaceState) {
    this.#slack = slack;
    this.#state = state;
  }

  async call(method: string, token: string | null, args: Args): Promise<Answer> {
    const refusal = refusedToken(method, token) ?? (await this.#refusal(method, args));
    if (refusal !== null) return refusal;
    switch (method) {
      case "usergroups.users.list":
        return this.#groupMembers(args);
      case "usergroups.list":
        return this.#allGroups(args);
      case "users.lookupByEmail":
        return this.#personByEmail(args);
      case "chat.update":
        return this.#update(args);
      default:
        return this.#complete(method, await this.#forward(method, args));
    }
  }

  /** What Slack refuses and local-slack does not. */
  async #refusal(method: string, args: Args): Promise<Answer | null> {
    switch (method) {
      case "chat.postMessage":
        return this.#refusedChannel(args) ?? this.#refusedContent(method, args);
      case "chat.postEphemeral":
        if (!this.#state.people.has(String(args.user))) return refuse("user_not_in_channel");
        return this.#refusedChannel(args) ?? this.#refusedContent(method, args);
      case "chat.update":
        return this.#refusedChannel(args) ?? this.#refusedContent(method, args) ?? (await this.#refusedEdit(args));
      case "views.open":
      case "views.update":
      case "views.publish":
        return refusedView(args);
      case "conversations.replies": {
        const root = await this.#find(String(args.channel), String(args.ts));
        return root === undefined ? refuse("thread_not_found") : null;
      }
      default:
        return null;
    }
  }

  #refusedChannel(args: Args): Answer | null {
    const reference = String(args.channel ?? "");
    if (reference === "") return refuse("channel_not_found");
    // A user's id opens a DM with that person.
    if (this.#state.people.has(reference) || reference.startsWith("D")) return null;
    const channel = this.#state.channels.get(reference);
    if (channel === undefined) return refuse("channel_not_found");
    if (channel.isArchived) return refuse("is_archived");
    return channel.hasBot === false ? refuse("not_in_channel") : null;
  }

  #refusedContent(method: string, args: Args): Answer | null {
    const { text, blocks } = args;
    const hasText = typeof text === "string" && text !== "";
    const hasBlocks = blocks !== undefined && !(Array.isArray(blocks) && blocks.length === 0);
    if (!hasText && !hasBlocks) return refuse("no_text");
    if (hasText && text.length > maxTextLength) return refuse("msg_too_long");
    if (!hasText)
      this.#state.warnings.push(`${method} without text: notifications and screen readers have nothing to tell`);
    if (typeof blocks === "string") return refuse("invalid_blocks_format");
    const errors = hasBlocks ? blockKitErrors(blocks) : [];
    if (errors.length === 0) return null;
    return refuse("invalid_blocks", {
      errors,
      response_metadata: { messages: errors.map((error) => `[ERROR] ${error}`) },
    });
  }

  async #refusedEdit(args: Args): Promise<Answer | null> {
    const message = await this.#find(String(args.channel), String(args.ts));
    if (message === undefined || message.ephemeral_to !== undefined) return refuse("message_not_found");
    return message.user === app.botUserId ? null : refuse("cant_update_message");
  }

  /** Without `blocks` Slack keeps the old ones, their buttons too, where local-slack takes them away. */
  async #update(args: Args): Promise<Answer> {
    if (args.blocks !== undefined) {
      await this.#warnOfRepeatedBlockIds(args);
      return this.#forward("chat.update", args);
    }
    this.#state.warnings.push(
      `chat.update of ${String(args.ts)} without blocks: the old ones, and their buttons, stay`,
    );
    const old = await this.#find(String(args.channel), String(args.ts));
    return this.#forward("chat.update", old?.blocks ? { ...args, blocks: old.blocks } : args);
  }

  /** "Use a new block_id for each update": clients may show the old state of an element otherwise. */
  async #warnOfRepeatedBlockIds(args: Args): Promise<void> {
    const old = new Set(blockIds((await this.#find(String(args.channel), String(args.ts)))?.blocks));
    const repeated = blockIds(args.blocks).filter((id) => old.has(id));
    if (repeated.length > 0)
      this.#state.warnings.push(`chat.update of ${String(args.ts)} reuses block_id ${repeated.join(", ")}`);
  }

  #groupMembers(args: Args): Answer {
    const group = this.#state.groups.get(String(args.usergroup));
    if (group === undefined || (group.isDisabled && !isTrue(args.include_disabled))) return refuse("no_such_subteam");
    return { ok: true, users: this.#activeMembers(group) };
  }

  #allGroups(args: Args): Answer {
    const groups = [...this.#state.groups.values()].filter(
      (group) => !group.isDisabled || isTrue(args.include_disabled),
    );
    const withMembers = (group: Group) => (isTrue(args.include_users) ? { users: this.#activeMembers(group) } : {});
    return { ok: true, usergroups: groups.map((group) => ({ ...groupFields(group), ...withMembers(group) })) };
  }

  /** As Slack does, deactivated people are left out. */
  #activeMembers(group: Group): string[] {
    return group.members.filter((id) => this.#state.people.get(id)?.deleted !== true);
  }

  /** Deactivated people are not found by their address. */
  async #personByEmail(args: Args): Promise<Answer> {
    const email = String(args.email ?? "").toLowerCase();
    if (email === "") return refuse("users_not_found");
    const person = [...this.#state.people.values()].find((one) => one.email.toLowerCase() === email && !one.deleted);
    if (person === undefined) return refuse("users_not_found");
    return this.#complete("users.info", await this.#forward("users.info", { user: person.id }));
  }

  /** Adds to local-slack's answers what Slack's hold and the project reads. */
  #complete(method: string, answer: Answer): Answer {
    switch (method) {
      case "users.info":
        return mapField(answer, "user", (user) => this.#completeUser(user));
      case "users.list":
        return mapItems(answer, "members", (user) => this.#completeUser(user));
      case "conversations.info":
        return mapField(answer, "channel", (channel) => this.#completeChannel(channel));
      case "conversations.list":
      case "users.conversations":
        return mapItems(answer, "channels", (channel) => this.#completeChannel(channel));
      case "conversations.history":
      case "conversations.replies":
        return withoutEphemerals(answer);
      default:
        return answer;
    }
  }

  #completeUser(user: Args): Args {
    const person = this.#state.people.get(String(user.id));
    if (person === undefined) return user;
    const { enterpriseUser } = person;
    return {
      ...user,
      profile: { ...(record.safeParse(user.profile).data ?? {}), email: person.email },
      ...(enterpriseUser === undefined
        ? {}
        : { enterprise_user: { id: enterpriseUser.id, enterprise_id: enterpriseUser.enterpriseId } }),
      team_id: person.teamId ?? team.id,
      tz: person.timeZone ?? "Etc/UTC",
      deleted: person.deleted ?? false,
      is_bot: person.isBot ?? false,
      is_workflow_bot: person.isWorkflowBot ?? false,
      is_app_user: false,
      is_owner: false,
      is_restricted: person.isRestricted ?? false,
      is_ultra_restricted: person.isUltraRestricted ?? false,
      // Slack sends these two only sometimes: the one for people of other organizations, the other for members of this.
      ...(person.isStranger ? { is_stranger: true } : { is_email_confirmed: person.isEmailConfirmed ?? true }),
    };
  }

  #completeChannel(channel: Args): Args {
    const known = this.#state.channels.get(String(channel.id));
    if (known === undefined) return channel;
    return {
      ...channel,
      is_member: known.hasBot ?? true,
      is_archived: known.isArchived ?? false,
      is_shared: known.isExtShared ?? false,
      is_ext_shared: known.isExtShared ?? false,
      is_pending_ext_shared: known.isPendingExtShared ?? false,
      is_org_shared: false,
    };
  }

  async #find(channel: string, ts: string) {
    return (await this.#slack.messages(channel)).find((message) => message.ts === ts);
  }

  async #forward(method: string, args: Args): Promise<Answer> {
    const response = await fetch(`${this.#slack.url}/api/${method}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: withShownDates(JSON.stringify(args)),
      signal: AbortSignal.timeout(10_000),
    });
    const answer = answerShape.parse(await response.json());
    const { error, ...rest } = answer;
    return error === undefined ? rest : { ...rest, error };
  }
}

function refusedView(args: Args): Answer | null {
  const errors = viewErrors(args.view);
  if (errors.length === 0) return null;
  return refuse("invalid_arguments", { response_metadata: { messages: errors.map((error) => `[ERROR] ${error}`) } });
}

/** Socket Mode's one method wants the app's token, all others the bot's. */
function refusedToken(method: string, token: string | null): Answer | null {
  if (token === null || token === "") return refuse("not_authed");
  if (token !== app.botToken && token !== app.appToken) return refuse("invalid_auth");
  const wanted = method === "apps.connections.open" ? app.appToken : app.botToken;
  return token === wanted ? null : refuse("not_allowed_token_type");
}

function groupFields(group: Group): Args {
  return {
    id: group.id,
    team_id: team.id,
    is_usergroup: true,
    name: group.handle,
    handle: group.handle,
    date_delete: group.isDisabled ? 1_700_000_000 : 0,
    user_count: group.members.length,
  };
}

/** Forms carry texts. */
function isTrue(argument: unknown): boolean {
  return argument === true || argument === "true" || argument === "1";
}

function blockIds(blocks: unknown): string[] {
  if (!Array.isArray(blocks)) return [];
  return blocks.flatMap((block: unknown) => z.object({ block_id: z.string() }).safeParse(block).data?.block_id ?? []);
}

const record = z.record(z.string(), z.unknown());

function mapField(answer: Answer, field: string, change: (value: Args) => Args): Answer {
  const value = record.safeParse(answer[field]).data;
  return value === undefined ? answer : { ...answer, [field]: change(value) };
}

function mapItems(answer: Answer, field: string, change: (value: Args) => Args): Answer {
  const values = z.array(record).safeParse(answer[field]).data;
  return values === undefined ? answer : { ...answer, [field]: values.map(change) };
}

function withoutEphemerals(answer: Answer): Answer {
  const messages = z.array(record).safeParse(answer.messages).data;
  if (messages === undefined) return answer;
  return { ...answer, messages: messages.filter((message) => message.ephemeral_to === undefined) };
}
