import { z } from "zod";
import { Deliveries, type Delivery } from "./deliveries.ts";
import { type Fault, Faults, type FaultTarget, type OrderedFault } from "./faults.ts";
import { type LocalSlack, startLocalSlack } from "./local-slack.ts";
import { type Message, messageOf } from "./messages.ts";
import { app, type Channel, channels, type Group, groups, type Person, people, team } from "./people.ts";
import { type Call, SlackProxy } from "./proxy.ts";
import { ResponseUrls, type ResponseUrlUse } from "./response-urls.ts";
import { formType, type ModalInputs, viewSubmission } from "./signed-requests.ts";
import { type ChangeWatch, watchChanges } from "./watch.ts";
import { WebApi, type WorkspaceState } from "./web-api.ts";

export interface SlackOptions {
  /** How the app hears of commands and clicks. Default `events`: signed HTTP to `requestUrl`. */
  readonly mode?: "events" | "socket";
  /** Where the app listens, in events mode; can be set later. */
  readonly requestUrl?: string;
  /** Port of the page. Default: a free one. */
  readonly port?: number;
  /** Address that the Web API listens on, and is told by; one of a bridge where pods need it. Default 127.0.0.1. */
  readonly host?: string;
  /** How long the app may take to answer a command or a click. Default 3000, as Slack has it. */
  readonly acknowledgeDeadlineMs?: number;
  /** Types of events that the app has subscribed to. Default: `app_home_opened`. */
  readonly events?: readonly string[];
  /** Further people, channels and groups, beside those of people.ts; the same id replaces one of those. */
  readonly people?: readonly Person[];
  readonly channels?: readonly Channel[];
  readonly groups?: readonly Group[];
}

export interface WaitOptions {
  readonly deadlineMs: number;
  readonly signal?: AbortSignal;
}

/** A Slack workspace with a page for people, a Web API for the app, and faults to order. Ids stand in people.ts. */
export interface SlackWorkspace {
  /** Address of the page for people. */
  readonly url: string;
  /** `slackApiUrl` of a WebClient: with the faults, the refusals and the methods that local-slack lacks. */
  readonly apiUrl: string;
  readonly teamId: string;
  readonly appId: string;
  readonly botUserId: string;
  readonly botToken: string;
  /** Socket Mode's token. */
  readonly appToken: string;
  readonly signingSecret: string;
  readonly users: typeof people;
  readonly channels: typeof channels;
  readonly groups: typeof groups;

  /** Where the app listens from now on; null: nowhere (people then see `dispatch_failed`). */
  setRequestUrl(url: string | null): void;
  /** Types a slash command as this person; resolves when the app has answered, or its 3 s are over. */
  command(user: Person, channel: Channel, command: string, text: string): Promise<void>;
  /** Clicks a button of a message. @throws {Error} when the message has no such button, as a person could not click it */
  click(user: Person, channel: Channel, ts: string, actionId: string): Promise<void>;
  /**
   * Submits the modal that was opened last, as this person.
   * @param typed texts of its inputs, by `BLOCK_ID/ACTION_ID`
   * @throws {Error} when none was opened
   */
  submitModal(user: Person, given?: ModalInputs): Promise<void>;
  /** What the modal that was opened last shows now; null when none was opened. */
  shownModal(): ShownModal | null;
  /** Opens the app's Home tab as this person. */
  openHome(user: Person): Promise<void>;
  /** What this person's Home tab shows; null: nothing was published. */
  shownHome(user: Person): readonly object[] | null;
  /** Writes a message as this person. */
  say(user: Person, channel: Channel, text: string, threadTs?: string): Promise<void>;
  /** Delivers a command or a click once more, as it was, signed anew. */
  redeliver(delivery: Delivery): Promise<Delivery>;

  /** Messages that everyone in the channel sees, without replies, oldest first. */
  messages(channel: Channel): Promise<Message[]>;
  /** Replies in a thread, oldest first. */
  thread(channel: Channel, ts: string): Promise<Message[]>;
  /** What this person alone was told, in every channel, oldest first. */
  ephemerals(user: Person): Promise<Message[]>;
  /**
   * The first message of any kind, in any channel, that satisfies the predicate, as soon as there is one.
   * @throws {Error} when the deadline passes (with all messages there are), or the signal's reason
   */
  waitForMessage(predicate: (message: Message) => boolean, options: WaitOptions): Promise<Message>;

  /** Orders a fault of the Web API for the next so many calls (default 1) of a method; `*`: of any; `response_url`: of those posts. */
  fault(method: FaultTarget, fault: Fault, times?: number): OrderedFault;
  /** What the bot token may from now on; at first all that the app asks for. */
  grantScopes(scopes: readonly string[]): void;
  /** Ends all faults, and lets held calls go on. */
  heal(): void;
  /** Every call of the Web API so far; of one method, where it is named. */
  calls(method?: string): Call[];
  readonly deliveries: readonly Delivery[];
  readonly responseUrlUses: readonly ResponseUrlUse[];
  /** What Slack accepts and people would regret, such as a `chat.update` that leaves old buttons in place. */
  readonly warnings: readonly string[];

  /** Changes what `users.info` tells of a person: left, became a guest … */
  changePerson(user: Person, flags: Partial<Omit<Person, "id" | "name">>): void;
  changeChannel(channel: Channel, flags: Partial<Omit<Channel, "id" | "name">>): void;
  setGroup(group: Group, members: readonly Person[]): void;
  /** Disables a group, or enables it again. */
  changeGroup(group: Group, flags: Pick<Group, "isDisabled">): void;

  /** Ends every process and socket. Safe to call twice. */
  close(): Promise<void>;
}

/** @throws {Error} when local-slack is not installed or does not start; a given port that is taken is named */
export async function startSlack(options: SlackOptions = {}): Promise<SlackWorkspace> {
  const state: WorkspaceState = {
    people: byId([...Object.values(people), ...(options.people ?? [])]),
    channels: byId([...Object.values(channels), ...(options.channels ?? [])]),
    groups: byId([...Object.values(groups), ...(options.groups ?? [])]),
    warnings: [],
  };
  const faults = new Faults();
  const proxy = new SlackProxy(faults);
  await proxy.listen(options.host ?? "127.0.0.1");
  let slack: LocalSlack | null = null;
  try {
    slack = await startLocalSlack({
      port: options.port ?? 0,
      mode: options.mode ?? "events",
      requestUrl: `${proxy.url}/deliver`,
      people: [...state.people.values()],
      channels: [...state.channels.values()],
    });
    const backend = {
      webApi: new WebApi(slack, state),
      deliveries: new Deliveries(state, {
        requestUrl: options.requestUrl ?? null,
        acknowledgeDeadlineMs: options.acknowledgeDeadlineMs ?? 3_000,
        events: options.events ?? ["app_home_opened"],
      }),
      responseUrls: new ResponseUrls(),
    };
    proxy.backend = backend;
    const watch = await watchChanges(slack.url);
    return new Workspace({ slack, proxy, faults, state, watch, ...backend });
  } catch (error) {
    await proxy.close();
    await slack?.close();
    throw error;
  }
}

function byId<T extends { readonly id: string }>(items: readonly T[]): Map<string, T> {
  return new Map(items.map((item) => [item.id, item]));
}

interface Parts {
  readonly slack: LocalSlack;
  readonly proxy: SlackProxy;
  readonly faults: Faults;
  readonly state: WorkspaceState;
  readonly watch: ChangeWatch;
  readonly deliveries: Deliveries;
  readonly responseUrls: ResponseUrls;
}

/** A modal as its person sees it, and what was said to be wrong with its fields. */
export interface ShownModal {
  readonly view: { readonly id: string; readonly blocks: readonly object[]; readonly [field: string]: unknown };
  readonly errors: Readonly<Record<string, string>>;
}

const modalView = z.object({ view: z.looseObject({ id: z.string(), blocks: z.array(z.looseObject({})) }) });
const homeView = z.object({ blocks: z.array(z.looseObject({})) });
const modalAnswer = z.discriminatedUnion("response_action", [
  z.object({ response_action: z.literal("update"), view: z.looseObject({ blocks: z.array(z.looseObject({})) }) }),
  z.object({ response_action: z.literal("errors"), errors: z.record(z.string(), z.string()) }),
]);

function isModalCall(method: string): boolean {
  return method === "views.open" || method === "views.update";
}

function jsonOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

class Workspace implements SlackWorkspace {
  readonly teamId = team.id;
  readonly appId = app.id;
  readonly botUserId = app.botUserId;
  readonly botToken = app.botToken;
  readonly appToken = app.appToken;
  readonly signingSecret = app.signingSecret;
  readonly users = people;
  readonly channels = channels;
  readonly groups = groups;
  readonly #parts: Parts;
  /** What a modal showed after it was submitted last, and how many calls of the Web API there were by then. */
  #answered: { readonly calls: number; readonly shown: ShownModal } | null = null;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  get url(): string {
    return this.#parts.slack.url;
  }

  get apiUrl(): string {
    return `${this.#parts.proxy.url}/api/`;
  }

  get deliveries(): readonly Delivery[] {
    return this.#parts.deliveries.all;
  }

  get responseUrlUses(): readonly ResponseUrlUse[] {
    return this.#parts.responseUrls.uses;
  }

  get warnings(): readonly string[] {
    return this.#parts.state.warnings;
  }

  setRequestUrl(url: string | null): void {
    this.#parts.deliveries.requestUrl = url;
  }

  command(user: Person, channel: Channel, command: string, text: string): Promise<void> {
    return this.#parts.slack.command({ user: user.id, channel: channel.id, command, text });
  }

  async click(user: Person, channel: Channel, ts: string, actionId: string): Promise<void> {
    const message = (await this.#all(channel)).find((one) => one.ts === ts);
    if (message === undefined) throw new Error(`There is no message ${ts} in #${channel.name}.`);
    const button = message.buttons.find((one) => one.actionId === actionId);
    if (button === undefined) {
      const there = message.buttons.map((one) => one.actionId).join(", ") || "none";
      throw new Error(`Message ${ts} in #${channel.name} has no button ${actionId}; there are: ${there}.`);
    }
    await this.#parts.slack.interact({
      user: user.id,
      channel: channel.id,
      messageTs: ts,
      action: {
        type: "button",
        action_id: button.actionId,
        block_id: button.blockId,
        text: { type: "plain_text", text: button.text, emoji: true },
        ...(button.value === null ? {} : { value: button.value }),
      },
    });
  }

  async submitModal(user: Person, given: ModalInputs = {}): Promise<void> {
    const shown = this.shownModal();
    if (shown === null) throw new Error("No modal was opened.");
    const done = await this.#parts.deliveries.send("interactive", viewSubmission(user, shown.view, given), formType);
    const answer = modalAnswer.safeParse(jsonOrNull(done.answer)).data;
    const isUpdate = answer?.response_action === "update";
    const view = isUpdate ? { ...shown.view, ...answer.view, id: shown.view.id } : shown.view;
    const errors = answer?.response_action === "errors" ? answer.errors : {};
    this.#answered = { calls: this.calls().length, shown: { view, errors } };
  }

  shownModal(): ShownModal | null {
    const calls = this.calls();
    const index = calls.findLastIndex(({ method, answer }) => isModalCall(method) && answer?.ok === true);
    if (this.#answered !== null && this.#answered.calls > index) return this.#answered.shown;
    const view = modalView.safeParse(calls[index]?.answer).data?.view;
    return view === undefined ? null : { view, errors: {} };
  }

  async openHome(user: Person): Promise<void> {
    await this.#parts.slack.openHome({ user: user.id });
  }

  shownHome(user: Person): readonly object[] | null {
    const published = this.calls("views.publish").findLast(
      ({ args, answer }) => args.user_id === user.id && answer?.ok === true,
    );
    return homeView.safeParse(published?.args.view).data?.blocks ?? null;
  }

  say(user: Person, channel: Channel, text: string, threadTs?: string): Promise<void> {
    const thread = threadTs === undefined ? {} : { thread_ts: threadTs };
    return this.#parts.slack.say({ user: user.id, channel: channel.id, text, ...thread });
  }

  redeliver(delivery: Delivery): Promise<Delivery> {
    return this.#parts.deliveries.send(delivery.kind, delivery.body, delivery.contentType);
  }

  async messages(channel: Channel): Promise<Message[]> {
    return (await this.#all(channel)).filter((message) => message.threadTs === null && message.ephemeralTo === null);
  }

  async thread(channel: Channel, ts: string): Promise<Message[]> {
    return (await this.#all(channel)).filter((message) => message.threadTs === ts && message.ephemeralTo === null);
  }

  async ephemerals(user: Person): Promise<Message[]> {
    return (await this.#everything()).filter((message) => message.ephemeralTo === user.id);
  }

  async waitForMessage(predicate: (message: Message) => boolean, options: WaitOptions): Promise<Message> {
    const deadline = AbortSignal.timeout(options.deadlineMs);
    const signal = options.signal === undefined ? deadline : AbortSignal.any([deadline, options.signal]);
    for (;;) {
      // Asked for before looking, so that a change between the two is not missed.
      const change = this.#parts.watch.next(signal);
      const outcome = change.then(
        () => null,
        (reason: unknown) => ({ reason }),
      );
      const found = (await this.#everything()).find(predicate);
      if (found !== undefined) return found;
      const stopped = await outcome;
      if (stopped === null) continue;
      if (!deadline.aborted) throw stopped.reason;
      const seen = (await this.#everything())
        .map((message) => `- ${message.content.replaceAll("\n", " / ")}`)
        .join("\n");
      throw new Error(`No such message came within ${options.deadlineMs} ms. There are:\n${seen || "none"}`);
    }
  }

  fault(method: FaultTarget, fault: Fault, times = 1): OrderedFault {
    return this.#parts.faults.order(method, fault, times);
  }

  grantScopes(scopes: readonly string[]): void {
    this.#parts.proxy.grantedScopes = scopes;
  }

  heal(): void {
    this.#parts.faults.clear();
  }

  calls(method?: string): Call[] {
    return this.#parts.proxy.calls.filter((call) => method === undefined || call.method === method);
  }

  changePerson(user: Person, flags: Partial<Omit<Person, "id" | "name">>): void {
    const { people: known } = this.#parts.state;
    known.set(user.id, { ...(known.get(user.id) ?? user), ...flags });
  }

  changeChannel(channel: Channel, flags: Partial<Omit<Channel, "id" | "name">>): void {
    const { channels: known } = this.#parts.state;
    known.set(channel.id, { ...(known.get(channel.id) ?? channel), ...flags });
  }

  setGroup(group: Group, members: readonly Person[]): void {
    const known = this.#parts.state.groups.get(group.id) ?? group;
    this.#parts.state.groups.set(group.id, { ...known, members: members.map((member) => member.id) });
  }

  changeGroup(group: Group, flags: Pick<Group, "isDisabled">): void {
    const { groups: known } = this.#parts.state;
    known.set(group.id, { ...(known.get(group.id) ?? group), ...flags });
  }

  async close(): Promise<void> {
    this.#parts.faults.clear();
    this.#parts.watch.close();
    await this.#parts.proxy.close();
    await this.#parts.slack.close();
  }

  async #all(channel: Channel): Promise<Message[]> {
    return (await this.#parts.slack.messages(channel.id)).map(messageOf);
  }

  async #everything(): Promise<Message[]> {
    const each = await Promise.all([...this.#parts.state.channels.values()].map((channel) => this.#all(channel)));
    return each.flat().toSorted((a, b) => a.ts.localeCompare(b.ts));
  }
}
