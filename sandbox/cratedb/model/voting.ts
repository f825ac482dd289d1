/** Who may elect a master. Ids of nodes throughout. */
export class Voting {
  #config: ReadonlySet<string> = new Set();

  /** Ids whose votes count; a majority of them is needed for anything. */
  get config(): ReadonlySet<string> {
    return this.#config;
  }

  /** The first configuration, made once by the first majority of the initial masters. */
  bootstrap(initial: readonly string[]): void {
    if (this.#config.size === 0) this.#config = new Set(initial);
  }

  hasQuorum(live: ReadonlySet<string>): boolean {
    const votes = [...this.#config].filter((id) => live.has(id)).length;
    return votes * 2 > this.#config.size;
  }

  /**
   * The configuration follows the nodes that live, odd in number, and never below three once it had three (Reconfigurator
   * of CrateDB; `cluster.auto_shrink_voting_configuration`).
   * @param live master-eligible nodes that live
   */
  reconfigure(live: readonly string[], master: string): void {
    const odd = live.length - (live.length % 2 === 0 ? 1 : 0);
    const size = this.#config.size < 3 ? odd : Math.max(odd, 3);
    const rank = (id: string) => (id === master ? 0 : this.#config.has(id) ? 1 : 2);
    const inOrder = live.toSorted((a, b) => rank(a) - rank(b) || a.localeCompare(b));
    // Where too few live, votes of the dead stay in it.
    const dead = [...this.#config].filter((id) => !live.includes(id));
    const next = new Set([...inOrder, ...dead].slice(0, Math.max(1, size)));
    const kept = new Set(live);
    if ([...next].filter((id) => kept.has(id)).length * 2 > next.size) this.#config = next;
  }
}
