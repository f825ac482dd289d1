import type { Membership, Memberships } from "../domain/memberships.ts";
import { distinctPrincipals, needsLookup, type Principal, principalKey } from "../domain/principals.ts";
import type { Directory, DirectoryAnswer, MembershipSource } from "../ports/memberships.ts";

/** Longest that somebody who waits for a plan, or for its start, waits for all who are asked. */
const longestLookMs = 20_000;

/** Everybody who can be asked who is who, as one. */
export class Directories implements MembershipSource {
  readonly #directories: readonly Directory[];
  readonly #nowMs: () => Promise<number>;

  /** @param nowMs the store's clock, by which all ages are told */
  constructor(directories: readonly Directory[], nowMs: () => Promise<number>) {
    this.#directories = directories;
    this.#nowMs = nowMs;
  }

  async look(principals: readonly Principal[], signal: AbortSignal): Promise<Memberships> {
    let asOfMs: number;
    try {
      asOfMs = await this.#nowMs();
    } catch {
      const wanted = principals.filter(needsLookup);
      return new Map(wanted.map((principal) => [principalKey(principal), { unknown: "Redis did not answer" }]));
    }
    const answers = await this.ask(principals, AbortSignal.any([signal, AbortSignal.timeout(longestLookMs)]));
    return new Map([...answers].map(([key, answer]) => [key, membershipOf(answer, asOfMs)]));
  }

  /** What each directory answers, for every principal that has to be looked up. Never throws. */
  async ask(principals: readonly Principal[], signal: AbortSignal): Promise<ReadonlyMap<string, DirectoryAnswer>> {
    const wanted = distinctPrincipals(principals.filter(needsLookup));
    const answers = await Promise.all(
      this.#directories.map((directory) => {
        const own = wanted.filter(({ kind }) => directory.kinds.has(kind));
        return own.length === 0 ? new Map<string, DirectoryAnswer>() : directory.ask(own, signal);
      }),
    );
    const found = new Map(answers.flatMap((map) => [...map]));
    return new Map(
      wanted.map((principal) => [principalKey(principal), found.get(principalKey(principal)) ?? nobodyToAsk]),
    );
  }
}

const nobodyToAsk: DirectoryAnswer = { kind: "no_answer", why: "this worker has nobody to ask for it" };

function membershipOf(answer: DirectoryAnswer, asOfMs: number): Membership {
  return answer.kind === "members" ? { members: [...answer.members], asOfMs } : { unknown: answer.why };
}
