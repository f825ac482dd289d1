import type { Policy } from "../domain/policy/rule.ts";
import type { PublicKeys, SigningKey } from "../domain/signing.ts";
import type { LeaseObserver } from "../execution/lease-observer.ts";
import type { Operation } from "../operations/operation.ts";
import type { Channels } from "../ports/channels.ts";
import type { Chat, People } from "../ports/chat.ts";
import type { Clock } from "../ports/clock.ts";
import type { CrateClusters } from "../ports/crate-clusters.ts";
import type { CrateServers } from "../ports/crate-servers.ts";
import type { DoltServers } from "../ports/dolt-servers.ts";
import type { ClusterFreezes, FreezeWishes } from "../ports/freezes.ts";
import type { MembershipSource } from "../ports/memberships.ts";
import type { Once } from "../ports/once.ts";
import type { Announcements, FaceStore, RequestStore } from "../ports/request-store.ts";
import type { WakeUp } from "../ports/wake-up.ts";
import type { TargetLeases, Workloads } from "../ports/workloads.ts";

/** Everything a worker works with, each behind its port, so that tests can stand in for the world and nothing else. */
export interface WorkerServices {
  readonly cluster: string;
  /** Unique to this process: it is the holder of leases. */
  readonly workerId: string;
  readonly version: string;
  readonly store: RequestStore;
  readonly faces: FaceStore;
  readonly announcements: Announcements;
  readonly wakeUp: WakeUp;
  readonly chat: Chat;
  readonly people: People;
  readonly channels: Channels;
  /** Channels in which plans may be shown although others than this organisation's people read them. */
  readonly sharedChannels: readonly string[];
  /** Who is in a group, or on call: asked anew, for admissions. */
  readonly memberships: MembershipSource;
  /** The same as it was found out a moment ago, for plans. */
  readonly recentMemberships: MembershipSource;
  readonly workloads: Workloads;
  readonly leases: TargetLeases;
  readonly freezes: ClusterFreezes;
  /** What all workers of the cluster together do once. */
  readonly once: Once;
  readonly freezeWishes: FreezeWishes;
  readonly dolt: DoltServers;
  readonly crate: CrateServers;
  readonly crateClusters: CrateClusters;
  readonly operations: readonly Operation[];
  readonly policy: Policy;
  readonly clusterKey: SigningKey;
  readonly clusterKeys: PublicKeys;
  readonly edgeKeys: PublicKeys;
  /** Where this cluster's news go that belong to no request. */
  readonly channelId: string;
  readonly clock: Clock;
  readonly observer: LeaseObserver;
  readonly leaseDurationMs: number;
  readonly newId: () => string;
  readonly draw: Drawer;
  readonly log: Log;
}

/** Draws requests as messages. Never throws: what could not be drawn is drawn by a later sweep. */
export interface Drawer {
  drawOnce(requestId: string, options: { readonly deadlineMs: number }): Promise<void>;
  sweep(signal: AbortSignal): Promise<void>;
}

/** Structured lines for operators. Never a secret, never a response_url. */
export interface Log {
  info(facts: object, text: string): void;
  warn(facts: object, text: string): void;
  error(facts: object, text: string): void;
}
