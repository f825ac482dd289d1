import { z } from "zod";
import { type Principal, principalKey } from "./principals.ts";

/**
 * Who a principal is, as somebody found out: Slack user ids, and when (by Redis' clock). `unknown`: nobody could say, and why,
 * in words; that is never a yes.
 */
export const membershipSchema = z.union([
  z.object({ members: z.array(z.string()).readonly(), asOfMs: z.number().int() }),
  z.object({ unknown: z.string() }),
]);
export type Membership = z.infer<typeof membershipSchema>;

/** By `principalKey`. A user named by id needs no entry. */
export type Memberships = ReadonlyMap<string, Membership>;

export const noMemberships: Memberships = new Map();

/** Older than this, what was found out about a group counts for nothing: people leave groups, and on-call changes. */
export const oldestMembershipMs = 5 * 60_000;

export type Belonging =
  | { readonly kind: "yes"; readonly asOfMs: number | null }
  | { readonly kind: "no" }
  | { readonly kind: "unknown"; readonly why: string };

/**
 * Whether this user is (one of) the principal.
 * @param notBeforeMs what was found out earlier than this is unknown; null: its age does not count, as in a plan's own list
 */
export function belongs(
  userId: string,
  principal: Principal,
  memberships: Memberships,
  notBeforeMs: number | null,
): Belonging {
  if (principal.kind === "user") return principal.userId === userId ? { kind: "yes", asOfMs: null } : { kind: "no" };
  const membership = memberships.get(principalKey(principal));
  if (membership === undefined) return { kind: "unknown", why: "nobody has looked it up yet" };
  if ("unknown" in membership) return { kind: "unknown", why: membership.unknown };
  if (notBeforeMs !== null && membership.asOfMs < notBeforeMs) {
    return { kind: "unknown", why: `it was last looked up at ${new Date(membership.asOfMs).toISOString()}` };
  }
  return membership.members.includes(userId) ? { kind: "yes", asOfMs: membership.asOfMs } : { kind: "no" };
}
