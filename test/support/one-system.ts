import { answerClick } from "../../handlers/actions/answer-click.ts";
import { answerFollowing } from "../../handlers/actions/follow.ts";
import { answerEngineCommand } from "../../handlers/commands/engine-command.ts";
import { FaceDrawer } from "../../handlers/face/drawer.ts";
import type { EdgeServices } from "../../handlers/services.ts";
import { answerDenial } from "../../handlers/views/denial.ts";
import type { WrittenPolicy } from "../../src/domain/policy/written.ts";
import type { RequestRecord } from "../../src/domain/request.ts";
import { shownPlan } from "../../src/domain/transitions/reading.ts";
import { LeaseObserver } from "../../src/execution/lease-observer.ts";
import type { AuditEvent, FaceStore, RequestStore } from "../../src/ports/request-store.ts";
import { executeRequest } from "../../src/worker/execute-request.ts";
import { MessageKeeper } from "../../src/worker/message-keeper.ts";
import { planRequest } from "../../src/worker/plan-request.ts";
import { Reconciler } from "../../src/worker/reconciler.ts";
import type { WorkerServices } from "../../src/worker/services.ts";
import { AnEdge } from "../unit/handlers/an-edge.ts";
import { AWorker } from "../unit/worker/a-worker.ts";
import type { ManualClock } from "./manual-clock.ts";
import { MemoryAnnouncements, MemoryWakeUp } from "./memory-request-store.ts";
import { policyOf } from "./policies.ts";
import { orders } from "./records.ts";

/** Bob and Carol approve what Alice asks for; Dave may after 8 min. */
const written: WrittenPolicy = [
  {
    name: "orders",
    operations: ["dolt.*"],
    requesters: ["UALICE", "UBOB"],
    approvers: ["UBOB", "UCAROL"],
    approvals: 1,
    expiresAfterMinutes: 15,
    remindAfterMinutes: [2, 5],
    escalation: [{ afterMinutes: 8, to: ["UDAVE"], mayApprove: true }],
  },
];

/** One write of a record, and what the audit says of it. */
export interface Written {
  readonly record: RequestRecord;
  readonly audit: AuditEvent;
}

const never = new AbortController().signal;

/**
 * The handlers of the edge and two workers around one store, with every call of the store held up until the test lets it through:
 * whoever reads, decides and writes is overtaken by others in any order.
 */
export class OneSystem {
  /** Every write that went through, of all requests. */
  readonly writes: Written[] = [];
  readonly worker = new AWorker();
  readonly #edge: EdgeServices;
  readonly #workers: readonly WorkerServices[];
  readonly #requests: RequestStore;
  #deliveries = 0;
  #plan: { fingerprint: string; faceTs: string } | null = null;

  /** @param gate comes back when the call may go on */
  constructor(
    parts: { readonly requests: RequestStore; readonly faces: FaceStore; readonly clock: ManualClock },
    gate: () => Promise<void>,
  ) {
    // Its first step changes nothing and takes its time, so that people can cancel.
    this.worker.operation.at.set("look", async () => {
      for (let turn = 0; turn < 8; turn += 1) await gate();
    });
    const { faces, clock } = parts;
    this.#requests = parts.requests;
    const requests = this.#gated(parts.requests, gate);
    const edge = new AnEdge().services;
    const [cluster] = edge.clusters;
    if (cluster === undefined) throw new Error("the edge has no cluster");
    const policy = policyOf(written);
    const { chat } = this.worker;
    const announcements = new MemoryAnnouncements(clock);
    const drawer = new FaceDrawer({ requests, faces, chat, clock });
    const plain = this.worker.services();
    const wakeUp = new MemoryWakeUp();
    const { clusterKeys: keys } = plain;
    this.#edge = {
      ...edge,
      clusters: [{ ...cluster, requests, faces, announcements, wakeUp, drawer, keys }],
      policy,
      chat,
      clock,
      edgeKey: this.worker.edgeKey,
    };
    const draw = new MessageKeeper(drawer, plain.log);
    const observer = new LeaseObserver(clock);
    this.#workers = ["w-1", "w-2"].map((workerId) => {
      return { ...plain, workerId, store: requests, faces, announcements, wakeUp, policy, clock, observer, draw };
    });
  }

  get chat() {
    return this.worker.chat;
  }

  /** Alice asks for a failover, and a worker plans it. */
  async ask(): Promise<void> {
    const [worker] = this.#workers;
    await this.announce();
    const payload = { team_id: "T1", user_id: "UALICE", channel_id: "C1", trigger_id: "t", text: "failover orders" };
    await answerEngineCommand("dolt", payload, this.#edge);
    if (worker !== undefined) await planRequest(worker, "r-1", never);
    const record = await this.record();
    const face = await worker?.faces.read("r-1");
    this.#plan = { fingerprint: shownPlan(record)?.fingerprint ?? "", faceTs: face?.ts ?? "" };
  }

  /** A worker's heartbeat. */
  async announce(): Promise<void> {
    const about = { workerId: "w-1", cluster: "main", version: "1", operations: ["dolt.failover"], targets: [orders] };
    await this.#workerAt(0).announcements.announce(about);
  }

  async record(id = "r-1"): Promise<RequestRecord> {
    const found = await this.#requests.read(id);
    if (found === null) throw new Error(`there is no ${id}`);
    return found.record;
  }

  /** What was written of this request, in its order. */
  history(id = "r-1"): Written[] {
    const own = this.writes.filter(({ record }) => record.id === id);
    return own.sort((a, b) => a.record.revision - b.record.revision);
  }

  /** A click on the request's message, as a screen shows it that has not heard of any change since. */
  click(decision: "approve" | "withdraw" | "cancel", userId: string): Promise<void> {
    const value = JSON.stringify({ cluster: "main", requestId: "r-1", fingerprint: this.#plan?.fingerprint });
    return answerClick(decision, this.#payload(userId, value), this.#edge);
  }

  /** The submission of the modal behind Deny, which may have been open for a while. */
  deny(userId: string): Promise<void> {
    const value = { cluster: "main", requestId: "r-1", fingerprint: this.#plan?.fingerprint };
    const metadata = JSON.stringify({ value, channelId: "C1", messageTs: this.#plan?.faceTs });
    const values = { reason: { text: { type: "plain_text_input", value: "not now" } } };
    const view = { private_metadata: metadata, state: { values } };
    return answerDenial({ user: { id: userId, team_id: "T1" }, view }, this.#edge);
  }

  /** A click on Re-plan or Retry. */
  follow(kind: "replan" | "retry", userId: string): Promise<void> {
    const value = JSON.stringify({ cluster: "main", requestId: "r-1" });
    return answerFollowing(kind, this.#payload(userId, value), this.#edge);
  }

  execute(worker: number): Promise<void> {
    return executeRequest(this.#workerAt(worker), "r-1", never);
  }

  /** One walk of a worker, and the end of what it has begun. */
  async walk(worker: number): Promise<void> {
    const reconciler = new Reconciler(this.#workerAt(worker), { walk: async () => undefined });
    await reconciler.walk(never);
    await reconciler.run(AbortSignal.abort());
  }

  #workerAt(index: number): WorkerServices {
    const worker = this.#workers[index];
    if (worker === undefined) throw new Error(`there is no worker ${index}`);
    return worker;
  }

  #payload(userId: string, value: string) {
    this.#deliveries += 1;
    return {
      user: { id: userId, team_id: "T1" },
      container: { channel_id: "C1", message_ts: this.#plan?.faceTs },
      actions: [{ value }],
      trigger_id: `t-${this.#deliveries}`,
    };
  }

  #gated(store: RequestStore, gate: () => Promise<void>): RequestStore {
    const through = async <T>(call: () => Promise<T>): Promise<T> => {
      await gate();
      return await call();
    };
    return {
      create: (request) =>
        through(async () => {
          const created = await store.create(request);
          if (created.kind === "created") this.writes.push({ record: created.record, audit: request.audit });
          return created;
        }),
      read: (id) => through(() => store.read(id)),
      compareAndSet: (next, audit) =>
        through(async () => {
          const isWritten = await store.compareAndSet(next, audit);
          if (isWritten) this.writes.push({ record: structuredClone(next), audit });
          return isWritten;
        }),
      restore: (record, audit) => through(() => store.restore(record, audit)),
      audit: (event) => store.audit(event),
      unsettled: () => through(() => store.unsettled()),
      undrawn: () => through(() => store.undrawn()),
      nowMs: () => store.nowMs(),
    };
  }
}
