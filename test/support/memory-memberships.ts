import type { Memberships } from "../../src/domain/memberships.ts";
import type { Principal } from "../../src/domain/principals.ts";
import { needsLookup, principalKey } from "../../src/domain/principals.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { MembershipSnapshot, MembershipSnapshots, MembershipSource } from "../../src/ports/memberships.ts";

/** Who is in which group, as a test says: for the edge's snapshot, and for a worker that asks anew. */
export class MemoryMemberships implements MembershipSnapshots, MembershipSource {
  /** By `principalKey`: the members, or why nobody can say. */
  readonly groups = new Map<string, readonly string[] | string>();
  /** When the snapshot was last found out; null: just now. */
  foundOutAtMs: number | null = null;
  readonly #clock: Pick<Clock, "nowMs">;

  constructor(clock: Pick<Clock, "nowMs">) {
    this.#clock = clock;
  }

  async read(): Promise<MembershipSnapshot> {
    const nowMs = this.#clock.nowMs();
    return { memberships: this.#memberships([...this.groups.keys()], this.foundOutAtMs ?? nowMs), nowMs };
  }

  async look(principals: readonly Principal[]): Promise<Memberships> {
    return this.#memberships(principals.filter(needsLookup).map(principalKey), this.#clock.nowMs());
  }

  #memberships(keys: readonly string[], asOfMs: number): Memberships {
    return new Map(
      keys.map((key) => {
        const group = this.groups.get(key) ?? "nobody has looked it up yet";
        return [key, typeof group === "string" ? { unknown: group } : { members: [...group], asOfMs }];
      }),
    );
  }
}
