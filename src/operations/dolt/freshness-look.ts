import type { OperationContext } from "../operation.ts";
import { isAnswering } from "./assess.ts";
import type { AnsweringNode } from "./candidate.ts";
import { type Evidence, readEvidence } from "./divergence-read.ts";
import { type LastContact, orderOf, type PairOrder } from "./freshness.ts";
import { type DoltView, lookAtDolt } from "./look.ts";

/** How long a primary is listened for: it sends a sign of life to each standby about once a second (dolt.md). */
export const listeningMs = 3_000;
/** For all questions about what the servers hold: a person waits for the plan. */
const evidenceDeadlineMs = 10_000;

/** By pod and database, when a primary last reached it, by the server's own clock; compared with itself only. */
export type Contacts = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** Two looks at the servers, so far apart that a primary that lives shows between them. */
export interface ListenedLook {
  readonly view: DoltView;
  /** As the second look has them. */
  readonly contacts: Contacts;
  /** Standbys that a primary reached between the two looks, or since `before`. */
  readonly reached: readonly string[];
}

/**
 * Looks a second time, so much later that a primary that lives shows between the two.
 * @param before contacts that were seen earlier still: whoever was reached since then was reached by a primary
 */
export async function listen(context: OperationContext, first: DoltView, before: Contacts = {}): Promise<ListenedLook> {
  await context.clock.sleep(listeningMs, context.signal);
  const view = await lookAtDolt(context);
  const contacts = contactsOf(view);
  const reached = new Set([...reachedSince(before, contacts), ...reachedSince(contactsOf(first), contacts)]);
  return await hearOut(context, { view, contacts, reached: [...reached].sort() });
}

/** Whether a primary has reached a standby since these contacts were seen; listens only where one has. */
export function listenSince(context: OperationContext, view: DoltView, before: Contacts): Promise<ListenedLook> {
  const contacts = contactsOf(view);
  return hearOut(context, { view, contacts, reached: reachedSince(before, contacts) });
}

/**
 * A server that crash-loops reaches standbys in each of its short lives. Where every server that is silent was seen ended, what
 * was heard is listened for once more: one that lives is heard again, and one that came and went is not.
 */
async function hearOut(context: OperationContext, heard: ListenedLook): Promise<ListenedLook> {
  const silent = heard.view.nodes.filter(({ answer }) => answer === null);
  const isEveryEnded = silent.length > 0 && silent.every(({ silence }) => silence?.kind === "stopped");
  if (heard.reached.length === 0 || !isEveryEnded) return heard;
  await context.clock.sleep(listeningMs, context.signal);
  const view = await lookAtDolt(context);
  const contacts = contactsOf(view);
  return { view, contacts, reached: reachedSince(heard.contacts, contacts) };
}

/** What the standbys that answer say of their last contact with a primary. */
export function contactsOf(view: DoltView): Contacts {
  const standbys = view.nodes.filter(isAnswering).filter(({ answer }) => answer.role === "standby");
  return Object.fromEntries(
    standbys.map(({ name, answer }) => {
      const seen: Record<string, number> = {};
      for (const { database, lastUpdateMs } of answer.replication) {
        if (lastUpdateMs !== null) seen[database] = Math.max(seen[database] ?? 0, lastUpdateMs);
      }
      return [name, seen];
    }),
  );
}

/**
 * Standbys of which a contact is newer than before. One that is missing now says nothing: a restart and a change of role
 * clear it. One that is new does: it was set since.
 */
export function reachedSince(before: Contacts, now: Contacts): string[] {
  return Object.entries(now)
    .filter(([pod, seen]) => {
      const earlier = before[pod];
      return earlier !== undefined && Object.entries(seen).some(([name, atMs]) => atMs > (earlier[name] ?? 0));
    })
    .map(([pod]) => pod);
}

/** By database, how long ago a primary last reached this standby, by its own clock. */
export function lastContactOf({ answer }: AnsweringNode): LastContact {
  const ages = new Map<string, number>();
  for (const { database, lastUpdateMs } of answer.replication) {
    if (lastUpdateMs === null) continue;
    const ageMs = Math.max(0, answer.details.clockMs - lastUpdateMs);
    ages.set(database, Math.min(ageMs, ages.get(database) ?? ageMs));
  }
  return ages;
}

/** What the standbys that answer hold, and which of each two is the newer. */
export interface Freshness {
  readonly evidence: Evidence;
  readonly orderOf: (one: string, other: string) => PairOrder;
}

export async function readFreshness(context: OperationContext, view: DoltView): Promise<Freshness> {
  const signal = AbortSignal.any([context.signal, AbortSignal.timeout(evidenceDeadlineMs)]);
  const evidence = await readEvidence({ ...context, signal }, view);
  const contacts = new Map(view.nodes.filter(isAnswering).map((node) => [node.name, lastContactOf(node)]));
  const none: LastContact = new Map();
  return {
    evidence,
    orderOf(one, other) {
      const found = evidence.divergences.find(
        (divergence) =>
          (divergence.one === one && divergence.other === other) ||
          (divergence.one === other && divergence.other === one),
      );
      if (found !== undefined) return orderOf(found, (pod) => contacts.get(pod) ?? none);
      const why = [one, other].flatMap((pod) => {
        const unread = evidence.unread.get(pod);
        return unread === undefined ? [] : [`what ${pod} holds could not be read (${unread})`];
      });
      return { kind: "unclear", why: why.join("; ") || `${one} and ${other} were not compared` };
    },
  };
}
