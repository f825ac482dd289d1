import type { AnnouncedFreeze } from "../domain/freeze.ts";
import { type Person, personKey } from "../domain/people.ts";
import { isSettled, type RequestRecord } from "../domain/request.ts";
import type { Signed } from "../domain/signing.ts";
import { type AnnouncedTarget, targetText } from "../domain/target.ts";

/**
 * Where request records live: the truth about every request of one cluster. Every call throws HandoverError
 * `redis_away` when the store does not answer within its deadline; then nobody knows whether a write happened.
 */
export interface RequestStore {
  /**
   * Records a request once, in one script together with its index entry and its audit event.
   * - `existing`: the same delivery (`deliveryId`, for 15 min) or the same press of Enter (`pressKey`, for 60 s) was
   *   recorded before, or the target has an unsettled request of this operation that has not expired. Its record comes back.
   */
  create(request: RequestCreation): Promise<{ kind: "created" | "existing"; record: RequestRecord; nowMs: number }>;
  /** The record with the store's clock, or null: there is none (any more). */
  read(id: string): Promise<{ record: RequestRecord; nowMs: number } | null>;
  /**
   * Writes `next` if the stored revision is still `next.revision - 1`, moves its index entries (unsettled, next
   * deadline, undrawn) and appends the audit event, all in one script. False: somebody else changed it first, or the
   * stored one has expired and `next` would go on waiting (unsettled, with an `expiresAtMs`); read again and judge its expiry.
   */
  compareAndSet(next: RequestRecord, audit: AuditEvent): Promise<boolean>;
  /** Puts back a record that the store lost, from the cluster's own record; never over one of the same or a higher revision. */
  restore(record: RequestRecord, audit: AuditEvent): Promise<void>;
  /** Appends an event that changes no record: a refusal, a failed click. */
  audit(event: AuditEvent): Promise<void>;
  /** Ids of requests that something will still happen to by itself (`isOpen`), the nearest deadline (`nextDeadlineMs`) first. */
  unsettled(): Promise<{ ids: string[]; nowMs: number }>;
  /** Ids of requests whose message is older than their record. */
  undrawn(): Promise<string[]>;
  /** The store's clock. */
  nowMs(): Promise<number>;
}

export interface RequestCreation {
  /** Builds the record with the store's clock. Must be pure: it can be called again. */
  readonly build: (nowMs: number) => RequestRecord;
  /** Slack's `trigger_id` (or another id of this very delivery). */
  readonly deliveryId: string;
  readonly audit: AuditEvent;
}

/** One line of the audit. No secret, no token, no response_url. */
export interface AuditEvent {
  readonly kind: string;
  readonly requestId: string | null;
  readonly by: Person | { readonly worker: string } | { readonly commandLine: string } | { readonly edge: string };
  /** Plain facts: state before and after, problem code, fingerprint, message. */
  readonly facts: Readonly<Record<string, string | number | boolean | null>>;
  /** What was signed and counts from here on: the plan, an approval. */
  readonly statements?: readonly Signed[];
}

/** What a cluster's workers tell the edge about themselves. */
export interface Announcements {
  /** Says: this worker lives, and these are the targets. Kept for as long as anybody may ask when it was last seen. */
  announce(worker: WorkerAnnouncement): Promise<void>;
  /** Everything announced for this cluster, the newest heartbeat first, with how long ago it was, by the store's clock. */
  read(): Promise<{ workers: (WorkerAnnouncement & { seenAgoMs: number })[] }>;
}

export interface WorkerAnnouncement {
  readonly workerId: string;
  readonly cluster: string;
  readonly version: string;
  readonly operations: readonly string[];
  readonly targets: readonly AnnouncedTarget[];
  /** What stands frozen in the cluster, whether or not its time is over. */
  readonly freezes?: readonly AnnouncedFreeze[] | undefined;
  /** It takes nothing more: it was told to end. */
  readonly stopping?: boolean | undefined;
}

/** A worker that was silent for longer is away: heartbeats come every 5 s. */
export const workerAwayAfterMs = 30_000;

/** Whether this worker takes what is asked: one that was told to end, or was silent for too long, does not. */
export function takesRequests({
  stopping,
  seenAgoMs,
}: Pick<WorkerAnnouncement, "stopping"> & { readonly seenAgoMs: number }): boolean {
  return stopping !== true && seenAgoMs <= workerAwayAfterMs;
}

/**
 * The message that shows a request and how much of the record it shows. Apart from the record, so that drawing never
 * changes the record's revision.
 */
export interface FaceStore {
  read(requestId: string): Promise<Face | null>;
  /** Takes the face's lock for at most so long; null when another drawer holds it. */
  lock(requestId: string, holdMs: number): Promise<FaceLock | null>;
}

export interface FaceLock {
  /** The face as it is now; null before the first draw. */
  readonly face: Face | null;
  /** Notes what was drawn; false when the lock was lost meanwhile and nothing was noted. */
  note(face: Face): Promise<boolean>;
  /** Never throws: a lock that cannot be given back runs out. */
  release(): Promise<void>;
}

export interface Face {
  readonly channelId: string;
  /** Null: a post was begun and its outcome is not known; see `postingSinceMs`. */
  readonly ts: string | null;
  /** Revision of the record that the message shows; 0 before the first draw. */
  readonly drawnRevision: number;
  /** How many entries of the story the thread has. */
  readonly toldEntries: number;
  /** When a post was begun whose answer has not come, of the message itself or, once `ts` is there, in its thread; by the store's clock. */
  readonly postingSinceMs: number | null;
  /** When the message was last drawn; by the store's clock. */
  readonly drawnAtMs?: number | undefined;
  /** Since when an update may be on its way whose answer has not come; by the store's clock. As long as it is set, the message counts as undrawn. */
  readonly unsureSinceMs?: number | undefined;
}

/**
 * One unsettled request a target and operation: the key both share. One for a later time is another: it must not stand in the way
 * of whoever needs the same now. So is a dry run, which only looks.
 */
export function openRequestKey({ target, operation, schedule, dryRun }: AskedFor): string {
  const when = schedule === undefined ? "" : `@${schedule.startAtMs}`;
  return `${target.namespace}/${target.name}/${operation}${when}${dryRun === true ? "/dry-run" : ""}`;
}

type AskedFor = Pick<RequestRecord, "target" | "operation" | "schedule" | "dryRun">;

/** How long a delivery that comes again is the request it was. */
export const deliveryRemembersMs = 15 * 60_000;
/** How long the same command of the same person is a second press of Enter. */
export const pressRemembersMs = 60_000;

/** A second press of Enter: the same for one person asking the same of the same target. */
export function pressKey(record: AskedFor & Pick<RequestRecord, "requester" | "parameters">): string {
  const parameters = Object.entries(record.parameters).sort(([a], [b]) => (a < b ? -1 : 1));
  const { requester, target, operation, schedule, dryRun } = record;
  // By what was typed: a second press of `in 2h` comes to another moment than the first.
  const when = [schedule?.asked ?? "", dryRun === true];
  return JSON.stringify([personKey(requester), targetText(target), operation, parameters, when]);
}

/**
 * Whether a second press of Enter is still about this request: as long as it is open, and when it has done something.
 * A request that was refused, answered, withdrawn or undone is asked again on purpose.
 */
export function answersSecondPress(record: Pick<RequestRecord, "state" | "execution">): boolean {
  return !isSettled(record) || (record.state === "succeeded" && record.execution !== undefined);
}
