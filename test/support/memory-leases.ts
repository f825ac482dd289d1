import { fail } from "../../src/domain/errors.ts";
import type { LeaseState, LeaseView, TargetLeases, TargetReference } from "../../src/ports/workloads.ts";

/** Leases in this process. `onWrite` runs before each write, where another process could have been first. */
export class MemoryLeases implements TargetLeases {
  readonly #leases = new Map<string, LeaseView>();
  #version = 0;
  /** While true, nothing answers. */
  away = false;
  onWrite: () => Promise<void> = async () => undefined;

  async read(target: TargetReference): Promise<LeaseView | null> {
    this.#answer();
    return this.#leases.get(keyOf(target)) ?? null;
  }

  async compareAndSet(target: TargetReference, version: string | null, state: LeaseState): Promise<LeaseView | null> {
    await this.onWrite();
    this.#answer();
    const found = this.#leases.get(keyOf(target)) ?? null;
    if ((found?.version ?? null) !== version) return null;
    this.#version += 1;
    const view = { version: String(this.#version), state };
    this.#leases.set(keyOf(target), view);
    return view;
  }

  async list(): Promise<{ target: TargetReference; lease: LeaseView }[]> {
    this.#answer();
    return [...this.#leases].map(([key, lease]) => {
      const [namespace = "", workload = ""] = key.split("/");
      return { target: { namespace, workload }, lease };
    });
  }

  /** What another process writes, whatever stood there. */
  async seize(target: TargetReference, change: Partial<LeaseState>): Promise<void> {
    const found = this.#leases.get(keyOf(target));
    if (found === undefined) throw new Error("there is no lease to seize");
    this.#version += 1;
    this.#leases.set(keyOf(target), { version: String(this.#version), state: { ...found.state, ...change } });
  }

  #answer(): void {
    if (this.away) throw fail("kubernetes_away", { doing: "a test", why: "it says so" });
  }
}

function keyOf(target: TargetReference): string {
  return `${target.namespace}/${target.workload}`;
}
