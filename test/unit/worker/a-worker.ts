import { newSigningKeys } from "../../../sandbox/keys.ts";
import type { WrittenPolicy } from "../../../src/domain/policy/written.ts";
import { readPublicKeys, readSigningKey } from "../../../src/domain/signing.ts";
import { LeaseObserver } from "../../../src/execution/lease-observer.ts";
import type { WorkloadMarks } from "../../../src/ports/workloads.ts";
import type { WorkerServices } from "../../../src/worker/services.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { MemoryFreezes, MemoryFreezeWishes } from "../../support/memory-freezes.ts";
import { MemoryLeases } from "../../support/memory-leases.ts";
import { MemoryMemberships } from "../../support/memory-memberships.ts";
import { MemoryOnce } from "../../support/memory-once.ts";
import {
  MemoryAnnouncements,
  MemoryFaceStore,
  MemoryRequestStore,
  MemoryWakeUp,
} from "../../support/memory-request-store.ts";
import { noCluster } from "../../support/no-cluster.ts";
import { policyOf } from "../../support/policies.ts";
import { alice, bob } from "../../support/records.ts";
import { switchingOperation } from "../../support/test-operation.ts";
import { RecordedChat } from "../handlers/recorded-chat.ts";

const cluster = newSigningKeys();
const edge = newSigningKeys();

/** A worker in memory, whose one operation is the test operation on one target, `shop/orders`. */
export class AWorker {
  readonly clock = new ManualClock();
  readonly store = new MemoryRequestStore(this.clock);
  readonly leases = new MemoryLeases();
  readonly freezes = new MemoryFreezes(["shop"]);
  readonly freezeWishes = new MemoryFreezeWishes(this.clock);
  readonly chat = new RecordedChat();
  readonly memberships = new MemoryMemberships(this.clock);
  readonly operation = switchingOperation();
  readonly clusterKey = readSigningKey(cluster.privateText);
  readonly edgeKey = readSigningKey(edge.privateText);
  policy: WrittenPolicy = [
    {
      name: "all",
      operations: ["dolt.*"],
      requesters: [alice.userId],
      approvers: [bob.userId],
      approvals: 1,
      expiresAfterMinutes: 15,
    },
  ];

  services(workerId = "w-1"): WorkerServices {
    const { clock, store, leases, freezes, freezeWishes, chat, operation, clusterKey, policy } = this;
    const quiet = () => undefined;
    return {
      ...noCluster,
      workloads: { ...noCluster.workloads, marks: async () => [annotated] },
      cluster: "main",
      workerId,
      version: "1.2.3",
      store,
      faces: new MemoryFaceStore(store, clock),
      announcements: new MemoryAnnouncements(clock),
      wakeUp: new MemoryWakeUp(),
      chat,
      people: { look: async (person) => ({ objection: null, person }) },
      memberships: this.memberships,
      recentMemberships: this.memberships,
      channels: { look: async () => ({ isShared: false, isArchived: false, hasApp: true }) },
      sharedChannels: [],
      leases,
      freezes,
      freezeWishes,
      once: new MemoryOnce(),
      operations: [operation],
      policy: policyOf(policy),
      clusterKey,
      clusterKeys: readPublicKeys([cluster.publicText]),
      edgeKeys: readPublicKeys([edge.publicText]),
      channelId: "C1",
      clock,
      observer: new LeaseObserver(clock),
      leaseDurationMs: 5_000,
      newId: () => "1",
      draw: { drawOnce: async () => undefined, sweep: async () => undefined },
      log: { info: quiet, warn: quiet, error: quiet },
    };
  }
}

const annotated: WorkloadMarks = {
  kind: "StatefulSet",
  namespace: "shop",
  name: "orders",
  uid: "uid",
  annotations: { "handover.dev/engine": "dolt" },
};
