import type { Once } from "../../src/ports/once.ts";

/** What was done once, as Redis remembers it for all workers; what was begun is never given up. */
export class MemoryOnce implements Once {
  readonly known = new Set<string>();

  async begin(what: string): Promise<boolean> {
    if (this.known.has(what)) return false;
    this.known.add(what);
    return true;
  }

  async done(what: string): Promise<void> {
    this.known.add(what);
  }
}
