import { fail } from "../../src/domain/errors.ts";
import { isOpen, isSettled, type RequestRecord } from "../../src/domain/request.ts";
import type { TargetKey } from "../../src/domain/target.ts";
import { nextDeadlineMs } from "../../src/domain/transitions/waiting.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { ListedRequests, RequestLists } from "../../src/ports/request-lists.ts";
import {
  type Announcements,
  type AuditEvent,
  answersSecondPress,
  deliveryRemembersMs,
  type Face,
  type FaceLock,
  type FaceStore,
  openRequestKey,
  pressKey,
  pressRemembersMs,
  type RequestCreation,
  type RequestStore,
  type WorkerAnnouncement,
} from "../../src/ports/request-store.ts";
import type { WakeUp, WakeUpKind } from "../../src/ports/wake-up.ts";

type StoreClock = Pick<Clock, "nowMs">;

interface Remembered {
  readonly requestId: string;
  readonly untilMs: number;
}

/** A RequestStore in this process, held to the same conformance suite as the one on Redis. */
export class MemoryRequestStore implements RequestStore {
  /** Every audit event, in order. */
  readonly events: AuditEvent[] = [];
  /** While true, every call fails as if Redis were away. */
  away = false;
  readonly faces = new Map<string, Face>();
  readonly #records = new Map<string, RequestRecord>();
  readonly #deliveries = new Map<string, Remembered>();
  readonly #presses = new Map<string, Remembered>();
  readonly #open = new Map<string, string>();
  readonly #clock: StoreClock;

  constructor(clock: StoreClock) {
    this.#clock = clock;
  }

  async create(
    request: RequestCreation,
  ): Promise<{ kind: "created" | "existing"; record: RequestRecord; nowMs: number }> {
    const nowMs = this.#now();
    const record = request.build(nowMs);
    const existing = this.#existing(request.deliveryId, record, nowMs);
    if (existing !== null) return { kind: "existing", record: structuredClone(existing), nowMs };
    this.#deliveries.set(request.deliveryId, { requestId: record.id, untilMs: nowMs + deliveryRemembersMs });
    this.#presses.set(pressKey(record), { requestId: record.id, untilMs: nowMs + pressRemembersMs });
    this.#open.set(openRequestKey(record), record.id);
    this.#write(record, request.audit);
    return { kind: "created", record: structuredClone(record), nowMs };
  }

  async read(id: string): Promise<{ record: RequestRecord; nowMs: number } | null> {
    const nowMs = this.#now();
    const record = this.#records.get(id);
    return record === undefined ? null : { record: structuredClone(record), nowMs };
  }

  async compareAndSet(next: RequestRecord, audit: AuditEvent): Promise<boolean> {
    const nowMs = this.#now();
    const stored = this.#records.get(next.id);
    if (stored?.revision !== next.revision - 1) return false;
    const hasExpired = stored.expiresAtMs !== null && nowMs >= stored.expiresAtMs;
    if (hasExpired && next.expiresAtMs !== null && !isSettled(next)) return false;
    this.#write(next, audit);
    return true;
  }

  async restore(record: RequestRecord, audit: AuditEvent): Promise<void> {
    this.#now();
    if ((this.#records.get(record.id)?.revision ?? 0) >= record.revision) return;
    this.#write(record, audit);
  }

  async audit(event: AuditEvent): Promise<void> {
    this.#now();
    this.events.push(structuredClone(event));
  }

  async unsettled(): Promise<{ ids: string[]; nowMs: number }> {
    const nowMs = this.#now();
    const deadline = (record: RequestRecord) => nextDeadlineMs(record) ?? Number.POSITIVE_INFINITY;
    const open = [...this.#records.values()].filter(isOpen);
    const ids = open.sort((a, b) => compare(deadline(a), deadline(b)) || compare(a.id, b.id)).map(({ id }) => id);
    return { ids, nowMs };
  }

  async undrawn(): Promise<string[]> {
    this.#now();
    return [...this.#records.values()]
      .filter((record) => !isDrawn(record, this.faces.get(record.id)))
      .sort((a, b) => compare(a.updatedAtMs, b.updatedAtMs) || compare(a.id, b.id))
      .map(({ id }) => id);
  }

  async nowMs(): Promise<number> {
    return this.#now();
  }

  /** Every record, the newest first. */
  all(): RequestRecord[] {
    this.#now();
    return [...this.#records.values()].map((record) => structuredClone(record)).reverse();
  }

  /** Forgets everything, as a Redis that was emptied. */
  forgetEverything(): void {
    for (const map of [this.#records, this.#deliveries, this.#presses, this.#open, this.faces]) map.clear();
    this.events.length = 0;
  }

  #now(): number {
    if (this.away) throw fail("redis_away", { why: "the test says so" });
    return this.#clock.nowMs();
  }

  #existing(deliveryId: string, asked: RequestRecord, nowMs: number): RequestRecord | null {
    const delivered = this.#remembered(this.#deliveries.get(deliveryId), nowMs);
    if (delivered !== null) return delivered;
    const isAlive = (record: RequestRecord) => record.expiresAtMs === null || nowMs < record.expiresAtMs;
    const pressed = this.#remembered(this.#presses.get(pressKey(asked)), nowMs);
    if (pressed !== null && answersSecondPress(pressed) && isAlive(pressed)) return pressed;
    const openId = this.#open.get(openRequestKey(asked));
    const open = openId === undefined ? undefined : this.#records.get(openId);
    return open !== undefined && isOpen(open) && isAlive(open) ? open : null;
  }

  #remembered(entry: Remembered | undefined, nowMs: number): RequestRecord | null {
    if (entry === undefined || entry.untilMs <= nowMs) return null;
    return this.#records.get(entry.requestId) ?? null;
  }

  #write(record: RequestRecord, audit: AuditEvent): void {
    this.#records.set(record.id, structuredClone(record));
    this.events.push(structuredClone(audit));
    const key = openRequestKey(record);
    if (isOpen(record)) this.#open.set(key, this.#open.get(key) ?? record.id);
    else if (this.#open.get(key) === record.id) this.#open.delete(key);
  }
}

/** RequestLists over a MemoryRequestStore. */
export class MemoryRequestLists implements RequestLists {
  readonly #store: MemoryRequestStore;

  constructor(store: MemoryRequestStore) {
    this.#store = store;
  }

  async recent(limit: number, target?: Pick<TargetKey, "namespace" | "name">): Promise<ListedRequests> {
    const isOf = (record: RequestRecord) =>
      target === undefined || (record.target.namespace === target.namespace && record.target.name === target.name);
    return { records: this.#store.all().filter(isOf).slice(0, limit), nowMs: await this.#store.nowMs() };
  }

  async open(limit: number): Promise<ListedRequests> {
    return { records: this.#store.all().filter(isOpen).slice(0, limit), nowMs: await this.#store.nowMs() };
  }
}

/** A FaceStore over the faces of a MemoryRequestStore. */
export class MemoryFaceStore implements FaceStore {
  readonly #store: MemoryRequestStore;
  readonly #clock: StoreClock;
  readonly #locks = new Map<string, { readonly untilMs: number }>();

  constructor(store: MemoryRequestStore, clock: StoreClock) {
    this.#store = store;
    this.#clock = clock;
  }

  async read(requestId: string): Promise<Face | null> {
    await this.#store.nowMs();
    return this.#store.faces.get(requestId) ?? null;
  }

  async lock(requestId: string, holdMs: number): Promise<FaceLock | null> {
    await this.#store.nowMs();
    const isHeld = () => (this.#locks.get(requestId)?.untilMs ?? 0) > this.#clock.nowMs();
    if (isHeld()) return null;
    const mine = { untilMs: this.#clock.nowMs() + holdMs };
    this.#locks.set(requestId, mine);
    const isMine = () => this.#locks.get(requestId) === mine;
    return {
      face: this.#store.faces.get(requestId) ?? null,
      note: async (face) => {
        await this.#store.nowMs();
        if (!isMine() || !isHeld()) return false;
        this.#store.faces.set(requestId, structuredClone(face));
        return true;
      },
      release: async () => {
        if (isMine()) this.#locks.delete(requestId);
      },
    };
  }
}

/** Announcements in this process. */
export class MemoryAnnouncements implements Announcements {
  /** While true, every call fails as if Redis were away. */
  away = false;
  readonly #clock: StoreClock;
  readonly #seen = new Map<string, { readonly worker: WorkerAnnouncement; readonly atMs: number }>();

  constructor(clock: StoreClock) {
    this.#clock = clock;
  }

  async announce(worker: WorkerAnnouncement): Promise<void> {
    this.#seen.set(worker.workerId, { worker: structuredClone(worker), atMs: this.#now() });
  }

  async read(): Promise<{ workers: (WorkerAnnouncement & { seenAgoMs: number })[] }> {
    const nowMs = this.#now();
    const workers = [...this.#seen.values()]
      .map(({ worker, atMs }) => ({ ...structuredClone(worker), seenAgoMs: nowMs - atMs }))
      .sort((a, b) => a.seenAgoMs - b.seenAgoMs);
    return { workers };
  }

  #now(): number {
    if (this.away) throw fail("redis_away", { why: "the test says so" });
    return this.#clock.nowMs();
  }
}

/** Wake-ups that wake nobody and are only noted. */
export class MemoryWakeUp implements WakeUp {
  readonly wakes: { readonly kind: WakeUpKind; readonly requestId: string; readonly revision: number }[] = [];
  /** While true, every call fails as if Redis were away. */
  away = false;

  async wake(kind: WakeUpKind, requestId: string, revision: number): Promise<void> {
    if (this.away) throw fail("redis_away", { why: "the test says so" });
    this.wakes.push({ kind, requestId, revision });
  }
}

function isDrawn(record: RequestRecord, face: Face | undefined): boolean {
  return (
    face !== undefined &&
    face.ts !== null &&
    face.unsureSinceMs === undefined &&
    face.drawnRevision >= record.revision &&
    face.toldEntries >= record.story.length
  );
}

function compare(a: number | string, b: number | string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
