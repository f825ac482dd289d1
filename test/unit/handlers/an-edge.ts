import { FaceDrawer } from "../../../handlers/face/drawer.ts";
import type { EdgeServices } from "../../../handlers/services.ts";
import { newSigningKeys } from "../../../sandbox/keys.ts";
import type { Person } from "../../../src/domain/people.ts";
import type { Plan } from "../../../src/domain/plan.ts";
import type { WrittenPolicy } from "../../../src/domain/policy/written.ts";
import type { RequestRecord } from "../../../src/domain/request.ts";
import { readPublicKeys, readSigningKey, signStatement } from "../../../src/domain/signing.ts";
import type { AnnouncedTarget } from "../../../src/domain/target.ts";
import { planned } from "../../../src/domain/transitions/planning.ts";
import type { ChannelState } from "../../../src/ports/channels.ts";
import type { ChatMessage, HomeView, ModalView } from "../../../src/ports/chat.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { MemoryFreezeWishes } from "../../support/memory-freezes.ts";
import { MemoryMemberships } from "../../support/memory-memberships.ts";
import {
  MemoryAnnouncements,
  MemoryFaceStore,
  MemoryRequestLists,
  MemoryRequestStore,
  MemoryWakeUp,
} from "../../support/memory-request-store.ts";
import { policyOf } from "../../support/policies.ts";
import { alice, anEvent, aPlan, orders } from "../../support/records.ts";
import { RecordedChat } from "./recorded-chat.ts";

const clusterKeys = newSigningKeys();
const edgeKeys = newSigningKeys();

/** An edge in memory for the cluster `main`, whose time goes on only when the test says so. */
export class AnEdge {
  readonly clock = new ManualClock();
  readonly requests = new MemoryRequestStore(this.clock);
  readonly faces = new MemoryFaceStore(this.requests, this.clock);
  readonly announcements = new MemoryAnnouncements(this.clock);
  readonly lists = new MemoryRequestLists(this.requests);
  readonly freezeWishes = new MemoryFreezeWishes(this.clock);
  readonly wakeUp = new MemoryWakeUp();
  readonly chat = new RecordedChat();
  readonly memberships = new MemoryMemberships(this.clock);
  /** What Slack says of every channel. */
  channel: ChannelState = { isShared: false, isArchived: false, hasApp: true };
  defaultTargets: EdgeServices["defaultTargets"] = {};
  /** What was answered through the URL of a click. */
  readonly replied: { readonly responseUrl: string; readonly message: ChatMessage }[] = [];
  /** Modals that were opened. */
  readonly opened: { readonly triggerId: string; readonly view: ModalView }[] = [];
  /** What was shown in open ones. */
  readonly updated: { readonly viewId: string; readonly view: ModalView }[] = [];
  /** Home tabs. */
  readonly published: { readonly userId: string; readonly view: HomeView }[] = [];
  /** Why nobody is trusted; null: everybody is. */
  objection: string | null = null;
  /** By what else Slack knows whoever is looked up. */
  aliases: Pick<Person, "aliases"> = {};
  policy: WrittenPolicy = [
    {
      name: "all",
      operations: ["dolt.*"],
      requesters: [alice.userId],
      approvers: ["UBOB", "UCAROL"],
      approvals: 1,
      expiresAfterMinutes: 15,
    },
  ];
  #ids = 0;

  get services(): EdgeServices {
    const { requests, faces, announcements, memberships, lists, freezeWishes, wakeUp, chat, clock } = this;
    const drawer = new FaceDrawer({ requests, faces, chat, clock });
    const keys = readPublicKeys([clusterKeys.publicText]);
    return {
      clusters: [
        {
          name: "main",
          requests,
          faces,
          announcements,
          memberships,
          channels: { look: async () => this.channel },
          lists,
          freezeWishes,
          wakeUp,
          drawer,
          keys,
        },
      ],
      policy: policyOf(this.policy),
      home: { teamId: "T1" },
      defaultTargets: this.defaultTargets,
      sharedChannels: [],
      chat,
      replies: { reply: async (responseUrl, message) => void this.replied.push({ responseUrl, message }) },
      modals: {
        open: async (triggerId, view) => {
          this.opened.push({ triggerId, view });
          return { viewId: `V${this.opened.length}` };
        },
        update: async (viewId, view) => void this.updated.push({ viewId, view }),
      },
      homeTabs: { publish: async (userId, view) => void this.published.push({ userId, view }) },
      people: { look: async (person) => ({ objection: this.objection, person: { ...person, ...this.aliases } }) },
      clock,
      edgeKey: readSigningKey(edgeKeys.privateText),
      newRequestId: () => `r-${++this.#ids}`,
      log: { info: () => undefined, warn: () => undefined, error: () => undefined },
    };
  }

  /** A worker's heartbeat. */
  async announce(targets?: readonly AnnouncedTarget[], operations?: string[]) {
    await this.announcements.announce(this.heartbeat(targets, operations));
  }

  heartbeat(targets: readonly AnnouncedTarget[] = [orders], operations = ["dolt.failover", "dolt.status"]) {
    return { workerId: "w-1", cluster: "main", version: "0.1.0", operations, targets };
  }

  /** The worker's plan for the request. */
  async plan(requestId: string, over: Partial<Plan> = {}): Promise<RequestRecord> {
    const found = await this.requests.read(requestId);
    if (found === null) throw new Error(`there is no ${requestId}`);
    const plan = aPlan({ requestId, ...over });
    const next = planned(found.record, signStatement(plan, readSigningKey(clusterKeys.privateText)), plan, found.nowMs);
    if (!next.ok) throw new Error(next.problem.what);
    await this.requests.compareAndSet(next.record, anEvent());
    return next.record;
  }

  /** What the last private answer to a click said. */
  get lastTold(): string {
    const told = this.chat.sent.findLast(({ method }) => method === "ephemeral");
    return JSON.stringify(told?.message.blocks ?? []);
  }
}
