import { fail } from "../../src/domain/errors.ts";
import type { Freeze, FreezeWish } from "../../src/domain/freeze.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { ClusterFreezes, FreezeWishes } from "../../src/ports/freezes.ts";
import type { AuditEvent } from "../../src/ports/request-store.ts";

/** A cluster's freezes in this process. */
export class MemoryFreezes implements ClusterFreezes {
  readonly namespaces: readonly string[];
  readonly held = new Map<string, readonly Freeze[]>();
  /** Namespaces that refuse to be written. */
  readonly closed = new Set<string>();
  writes = 0;

  constructor(namespaces: readonly string[]) {
    this.namespaces = namespaces;
  }

  async read(namespace: string): Promise<readonly Freeze[]> {
    return this.held.get(namespace) ?? [];
  }

  async change(
    namespace: string,
    change: (freezes: readonly Freeze[]) => readonly Freeze[],
  ): Promise<readonly Freeze[]> {
    const before = await this.read(namespace);
    const after = change(before);
    if (after === before) return before;
    if (this.closed.has(namespace))
      throw fail("kubernetes_refused", { doing: "writing the freezes", why: "forbidden" });
    this.writes += 1;
    this.held.set(namespace, structuredClone(after));
    return after;
  }
}

/** Wishes in this process. */
export class MemoryFreezeWishes implements FreezeWishes {
  readonly events: AuditEvent[] = [];
  /** While true, every call fails as if Redis were away. */
  away = false;
  readonly #clock: Pick<Clock, "nowMs">;
  readonly #wishes = new Map<string, FreezeWish>();

  constructor(clock: Pick<Clock, "nowMs">) {
    this.#clock = clock;
  }

  async ask(build: (nowMs: number) => FreezeWish, audit: AuditEvent): Promise<FreezeWish> {
    const wish = build(this.#now());
    const known = this.#wishes.get(wish.id);
    if (known !== undefined) return known;
    this.#wishes.set(wish.id, structuredClone(wish));
    this.events.push(structuredClone(audit));
    return wish;
  }

  async pending(): Promise<FreezeWish[]> {
    this.#now();
    return [...this.#wishes.values()].sort((a, b) => a.atMs - b.atMs);
  }

  async settle(id: string, audit: AuditEvent): Promise<boolean> {
    this.#now();
    if (!this.#wishes.delete(id)) return false;
    this.events.push(structuredClone(audit));
    return true;
  }

  #now(): number {
    if (this.away) throw fail("redis_away", { why: "the test says so" });
    return this.#clock.nowMs();
  }
}
