import type { Memberships } from "../domain/memberships.ts";
import type { Principal } from "../domain/principals.ts";

/** Finds out who is who by asking those who know, Slack and PagerDuty. For workers: it can take seconds. */
export interface MembershipSource {
  /**
   * Asks anew. Every principal that has to be looked up gets an entry, as of the moment before it was asked for. Never
   * throws: what could not be found out is `unknown`, with why.
   */
  look(principals: readonly Principal[], signal: AbortSignal): Promise<Memberships>;
}

/** What one cluster's workers have found out, kept where the edge reads it. */
export interface MembershipSnapshots {
  /**
   * All of it, in one round trip. What is older than anybody may rely on is `unknown` here, and says since when and why.
   * Throws HandoverError `redis_away`.
   */
  read(): Promise<MembershipSnapshot>;
}

export interface MembershipSnapshot {
  readonly memberships: Memberships;
  /** The store's clock. */
  readonly nowMs: number;
}

/** The snapshot as the one worker that keeps it sees it. Every call throws HandoverError `redis_away`. */
export interface KeptMemberships {
  /** Takes the keeping for so long, or keeps it; null: another worker has it. Also what is kept, by `principalKey`. */
  hold(keeper: string, holdMs: number): Promise<{ entries: ReadonlyMap<string, KeptMembership>; nowMs: number } | null>;
  /** Writes these, and takes those away; does nothing when the keeping went to another worker meanwhile. */
  write(keeper: string, entries: ReadonlyMap<string, KeptMembership>, gone: readonly string[]): Promise<void>;
  /** Lets another worker take over at once. */
  release(keeper: string): Promise<void>;
}

/** What is kept of one principal; times by the store's clock. */
export interface KeptMembership {
  /** What was found out last; null: nothing yet. */
  readonly known: { readonly answer: KnownAnswer; readonly asOfMs: number } | null;
  /** Set when nobody has said since, with when that was noticed last. */
  readonly trouble: { readonly why: string; readonly atMs: number } | null;
}

export type KnownAnswer = Exclude<DirectoryAnswer, { kind: "no_answer" }>;

/** Somebody who knows who is behind some kinds of principals: Slack's usergroups, an on-call service … */
export interface Directory {
  readonly kinds: ReadonlySet<Principal["kind"]>;
  /**
   * An answer for each of these principals, all of which are of `kinds`, by `principalKey`. Obeys its service's rates by
   * itself. Never throws.
   */
  ask(principals: readonly Principal[], signal: AbortSignal): Promise<ReadonlyMap<string, DirectoryAnswer>>;
}

export type DirectoryAnswer =
  /** Slack user ids; none is an answer too. */
  | { readonly kind: "members"; readonly members: readonly string[] }
  /** It names nobody who could be trusted (any more), for a reason that asking again does not mend: what was known before counts no longer. */
  | { readonly kind: "nobody"; readonly why: string }
  /** Nobody said. What was known before stands until it is too old. */
  | { readonly kind: "no_answer"; readonly why: string };
