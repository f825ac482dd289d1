import { problemOf } from "../domain/errors.ts";
import { distinctPrincipals, needsLookup, type Principal, principalKey } from "../domain/principals.ts";
import type { Clock } from "../ports/clock.ts";
import type { Directory, DirectoryAnswer, KeptMembership, KeptMemberships } from "../ports/memberships.ts";
import type { Log } from "./services.ts";

/**
 * What is older is looked up again. With the pause between two looks, its jitter and the look itself an answer is 60 s old at
 * most as a rule, and everything of one cluster costs Slack's rates (20 a minute for groups, of all clusters together) one call
 * in about 45 s, however many groups and workers there are.
 */
const refreshAfterMs = 38_000;
/** What could not be found out is asked for again sooner, so that trouble does not outlast its cause. */
const retryAfterMs = 14_000;
/** Between two looks at what is due; a quarter more or less, so that the clusters' keepers do not ask in step. */
const lookEveryMs = 10_000;
/** Longest that one look's answers are waited for. */
const longestAskMs = 10_000;
/** After so long without a sign of life another worker keeps it. */
const holdMs = 30_000;
/** Each e-mail address costs a call of its own, of which Slack allows 50 a minute; those known for longest come first. */
const mostEmailsALook = 6;
/** What the policy does not name any more. A day, because workers with an older policy may still name it. */
const forgetAfterMs = 24 * 60 * 60_000;

export interface MembershipKeeperOptions {
  readonly kept: KeptMemberships;
  readonly directories: Pick<Directory, "ask">;
  /** Everybody whom the policy names. */
  readonly principals: readonly Principal[];
  readonly workerId: string;
  readonly clock: Pick<Clock, "sleep">;
  /** From 0 to below 1. */
  readonly random: () => number;
  readonly log: Log;
}

/**
 * Keeps the snapshot of who is in which group, from which the edge judges: of all workers of a cluster one does. An answer
 * that does not come leaves the older one in place, with its age.
 */
export class MembershipKeeper {
  readonly #options: MembershipKeeperOptions;
  readonly #principals: ReadonlyMap<string, Principal>;

  constructor(options: MembershipKeeperOptions) {
    this.#options = options;
    const wanted = distinctPrincipals(options.principals.filter(needsLookup));
    this.#principals = new Map(wanted.map((principal) => [principalKey(principal), principal]));
  }

  /** Looks at once and then every few seconds until `signal`; a policy that names users only needs nobody. */
  async run(signal: AbortSignal): Promise<void> {
    if (this.#principals.size === 0) return;
    const { clock, random, kept, workerId, log } = this.#options;
    while (!signal.aborted) {
      await this.look(signal);
      await clock.sleep(lookEveryMs * (0.75 + random() / 2), signal).catch(() => undefined);
    }
    await kept.release(workerId).catch((error: unknown) => {
      log.warn({ problem: problemOf(error, "giving up the keeping of groups").code }, "another worker keeps them soon");
    });
  }

  /** One look. Never throws. */
  async look(signal: AbortSignal): Promise<void> {
    const { kept, directories, workerId, log } = this.#options;
    try {
      const held = await kept.hold(workerId, holdMs);
      if (held === null) return;
      const due = this.#due(held.entries, held.nowMs);
      const gone = this.#gone(held.entries, held.nowMs);
      if (due.length + gone.length === 0) return;
      const answers = await directories.ask(due, AbortSignal.any([signal, AbortSignal.timeout(longestAskMs)]));
      // What was asked while the worker was told to end proves nothing.
      if (signal.aborted) return;
      const entries = new Map(
        [...answers].map(([key, answer]) => [key, nextEntry(held.entries.get(key), answer, held.nowMs)]),
      );
      this.#tell(held.entries, entries);
      await kept.write(workerId, entries, gone);
    } catch (error) {
      const why = problemOf(error, "finding out who is in which group");
      log.warn({ problem: why.code, why: why.what }, "groups not looked up; it is tried again");
    }
  }

  #due(entries: ReadonlyMap<string, KeptMembership>, nowMs: number): Principal[] {
    const due = [...this.#principals]
      .map(([key, principal]) => ({ principal, entry: entries.get(key) }))
      .filter(({ entry }) => isDue(entry, nowMs))
      .toSorted((a, b) => (a.entry?.known?.asOfMs ?? 0) - (b.entry?.known?.asOfMs ?? 0))
      .map(({ principal }) => principal);
    const emails = due.filter(({ kind }) => kind === "email").slice(0, mostEmailsALook);
    return [...due.filter(({ kind }) => kind !== "email"), ...emails];
  }

  #gone(entries: ReadonlyMap<string, KeptMembership>, nowMs: number): string[] {
    return [...entries]
      .filter(([key, entry]) => !this.#principals.has(key) && nowMs - touchedAtMs(entry) > forgetAfterMs)
      .map(([key]) => key);
  }

  /** A group's trouble is told once, and once that it is over. */
  #tell(before: ReadonlyMap<string, KeptMembership>, after: ReadonlyMap<string, KeptMembership>): void {
    for (const [principal, entry] of after) {
      const [was, is] = [troubleOf(before.get(principal)), troubleOf(entry)];
      if (is !== null && is !== was) this.#options.log.warn({ principal, why: is }, "who that is cannot be found out");
      if (is === null && was !== null) this.#options.log.info({ principal }, "who that is is known again");
    }
  }
}

function isDue(entry: KeptMembership | undefined, nowMs: number): boolean {
  if (entry === undefined) return true;
  if (entry.trouble !== null) return nowMs - entry.trouble.atMs >= retryAfterMs;
  return entry.known === null || nowMs - entry.known.asOfMs >= refreshAfterMs;
}

function nextEntry(before: KeptMembership | undefined, answer: DirectoryAnswer, nowMs: number): KeptMembership {
  if (answer.kind === "no_answer") return { known: before?.known ?? null, trouble: { why: answer.why, atMs: nowMs } };
  return { known: { answer, asOfMs: nowMs }, trouble: null };
}

function touchedAtMs({ known, trouble }: KeptMembership): number {
  return Math.max(known?.asOfMs ?? 0, trouble?.atMs ?? 0);
}

function troubleOf(entry: KeptMembership | undefined): string | null {
  if (entry?.trouble) return entry.trouble.why;
  return entry?.known?.answer.kind === "nobody" ? entry.known.answer.why : null;
}
