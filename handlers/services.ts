import type { Policy } from "../src/domain/policy/rule.ts";
import type { PublicKeys, SigningKey } from "../src/domain/signing.ts";
import type { Engine } from "../src/domain/target.ts";
import type { Channels } from "../src/ports/channels.ts";
import type { Chat, HomeTabs, Modals, People, Replies } from "../src/ports/chat.ts";
import type { Clock } from "../src/ports/clock.ts";
import type { FreezeWishes } from "../src/ports/freezes.ts";
import type { MembershipSnapshots } from "../src/ports/memberships.ts";
import type { RequestLists } from "../src/ports/request-lists.ts";
import type { Announcements, FaceStore, RequestStore } from "../src/ports/request-store.ts";
import type { WakeUp } from "../src/ports/wake-up.ts";
import type { FaceDrawer } from "./face/drawer.ts";
import type { Home } from "./person.ts";

/** What the edge works with for one cluster. */
export interface ClusterServices {
  readonly name: string;
  readonly requests: RequestStore;
  readonly faces: FaceStore;
  readonly announcements: Announcements;
  readonly memberships: MembershipSnapshots;
  /** Those in which people ask; as this cluster's workers know them, or Slack. */
  readonly channels: Channels;
  readonly lists: RequestLists;
  readonly freezeWishes: FreezeWishes;
  readonly wakeUp: WakeUp;
  readonly drawer: Pick<FaceDrawer, "drawOnce">;
  /** What this cluster's workers sign plans with. */
  readonly keys: PublicKeys;
}

/** What Slack's surfaces work with, each behind its port. */
export interface EdgeServices {
  readonly clusters: readonly ClusterServices[];
  readonly policy: Policy;
  /** Whose people are let in. */
  readonly home: Home;
  /** For commands that name no target: by channel, one for each engine. */
  readonly defaultTargets: Readonly<Record<string, Readonly<Partial<Record<Engine, string>>>>>;
  /** Channels in which plans may be shown although others read them. */
  readonly sharedChannels: readonly string[];
  readonly chat: Chat;
  readonly replies: Replies;
  readonly modals: Modals;
  readonly homeTabs: HomeTabs;
  readonly people: People;
  readonly clock: Clock;
  /** What this edge signs approvals with. */
  readonly edgeKey: SigningKey;
  /** A new request's id, unlike any other's. */
  readonly newRequestId: () => string;
  readonly log: EdgeLog;
}

/** Structured lines for operators. Never a secret, never a response_url. */
export interface EdgeLog {
  info(facts: object, text: string): void;
  warn(facts: object, text: string): void;
  error(facts: object, text: string): void;
}
