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
