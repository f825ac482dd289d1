import type { Membership, Memberships } from "../domain/memberships.ts";
import { needsLookup, type Principal, principalKey } from "../domain/principals.ts";
import type { MembershipSnapshot, MembershipSnapshots, MembershipSource } from "../ports/memberships.ts";

/** As old as the keeper lets an answer become, as a rule. */
const recentMs = 60_000;

/**
 * Who is who, as it was found out a moment ago, and asked anew only where it was not. For plans and questions: of these there can be many
 * at once, in an incident, and Slack answers 20 a minute about groups for all clusters together. Whoever is listed too much by it
 * is found out at the click, and at the start.
 */
export class RecentMemberships implements MembershipSource {
  readonly #snapshots: MembershipSnapshots;
  readonly #source: MembershipSource;

  constructor(snapshots: MembershipSnapshots, source: MembershipSource) {
    this.#snapshots = snapshots;
    this.#source = source;
  }

  async look(principals: readonly Principal[], signal: AbortSignal): Promise<Memberships> {
    const wanted = principals.filter(needsLookup);
    if (wanted.length === 0) return new Map();
    const snapshot = await this.#snapshots.read().catch(() => null);
    const recent = new Map<string, Membership>();
    for (const principal of wanted) {
      const key = principalKey(principal);
      const membership = snapshot?.memberships.get(key);
      if (snapshot !== null && membership !== undefined && isRecent(membership, snapshot)) recent.set(key, membership);
    }
    const others = wanted.filter((principal) => !recent.has(principalKey(principal)));
    const asked = others.length === 0 ? [] : await this.#source.look(others, signal);
    return new Map([...recent, ...asked]);
  }
}

function isRecent(membership: Membership, { nowMs }: MembershipSnapshot): boolean {
  return "members" in membership && nowMs - membership.asOfMs <= recentMs;
}
