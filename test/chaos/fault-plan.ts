import type { Environment, Worker } from "./environment.ts";
import type { Act, Fault, Part, Scenario } from "./scenario.ts";

/** Waits for the moments of a scenario's faults, and has them done. */
export class FaultPlan {
  readonly #environment: Environment;
  readonly #startRival: () => void;
  readonly #waiting: Set<Fault>;
  readonly #calls = new Map<string, number>();
  readonly #parts: Map<Part, string>;
  readonly #timers = new AbortController();
  /** What came, in the order of time. */
  readonly log: string[] = [];
  /** Told of each fault right before it comes. */
  onFault: (fault: Fault, pod: (part: Part) => string) => void | Promise<void> = () => undefined;
  #worker: Worker | null = null;
  #isOver = false;

  constructor(scenario: Scenario, environment: Environment, primary: string, startRival: () => void) {
    this.#environment = environment;
    this.#startRival = startRival;
    this.#waiting = new Set(scenario.faults);
    const [candidate = "", standby = ""] = environment.pods.filter((pod) => pod !== primary);
    this.#parts = new Map([
      ["old", primary],
      ["candidate", candidate],
      ["standby", standby],
    ]);
  }

  /** At the points of this worker the faults come from now on. */
  follow(worker: Worker): void {
    this.#worker = worker;
  }

  /** The plan says which standby is the candidate. */
  learn(details: unknown): void {
    const candidate = nameIn(details, "candidate");
    const old = nameIn(details, "primary") ?? this.#pod("old");
    const { pods } = this.#environment;
    if (candidate === null || !pods.includes(candidate) || !pods.includes(old)) return;
    this.#parts.set("old", old);
    this.#parts.set("candidate", candidate);
    this.#parts.set("standby", pods.find((pod) => pod !== old && pod !== candidate) ?? candidate);
  }

  /** What is the matter before anything is asked for. */
  async prepare(prelude: readonly Act[], worker: Worker): Promise<void> {
    const podOf = (part: Part) => this.#pod(part);
    for (const act of prelude) {
      this.#note(act);
      await this.#environment.perform(act, { worker, podOf, startRival: this.#startRival });
    }
  }

  /** The operation was asked for. */
  begin(): void {
    for (const fault of this.#waiting) if (fault.at.kind === "time") this.#comeLater(fault, fault.at.afterMs);
  }

  /** The worker is at this point. Resolves when what comes before it goes on is in force. */
  async reached(call: string, phase: "before" | "after"): Promise<void> {
    const key = `${phase} ${call}`;
    const nth = (this.#calls.get(key) ?? 0) + 1;
    this.#calls.set(key, nth);
    for (const fault of [...this.#waiting]) {
      const { at } = fault;
      if (at.kind === "call" && at.call === call && at.phase === phase && at.nth === nth) await this.#come(fault);
      if (at.kind === "step" && isStep(at.step, call) && at.phase === phase) {
        if (at.delayMs === 0) await this.#come(fault);
        else this.#comeLater(fault, at.delayMs);
      }
    }
  }

  /** Nothing comes any more. */
  end(): void {
    this.#isOver = true;
    this.#timers.abort();
  }

  #comeLater(fault: Fault, afterMs: number): void {
    this.#environment.clock.sleep(afterMs, this.#timers.signal).then(
      () => this.#come(fault),
      () => undefined,
    );
  }

  async #come(fault: Fault): Promise<void> {
    const worker = this.#worker;
    if (this.#isOver || worker === null || !this.#waiting.delete(fault)) return;
    const podOf = (part: Part) => this.#pod(part);
    this.#note(fault.act);
    try {
      await this.onFault(fault, podOf);
      await this.#environment.perform(fault.act, { worker, podOf, startRival: this.#startRival });
    } catch (error) {
      // A pod that does not run now cannot be hit; that it came is in the log all the same.
      this.log.push(`  it could not be done: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  #note(act: Act): void {
    const atMs = Math.round(this.#environment.clock.monotonicMs());
    const parts = [...this.#parts].map((one) => one.join(" ")).join(", ");
    this.log.push(`${atMs} ms: ${JSON.stringify(act)} (${parts})`);
  }

  #pod(part: Part): string {
    return this.#parts.get(part) ?? "";
  }
}

/** Rolling operations have a step a pod: `restart:orders-1` is a `restart`. */
function isStep(step: string, call: string): boolean {
  const id = call.startsWith("step.") ? call.slice("step.".length) : null;
  return id !== null && (id === step || id.startsWith(`${step}:`) || id.startsWith(`${step}-`));
}

function nameIn(details: unknown, key: string): string | null {
  const found: unknown = typeof details === "object" && details !== null ? Reflect.get(details, key) : null;
  if (typeof found === "string") return found;
  const name: unknown = typeof found === "object" && found !== null ? Reflect.get(found, "name") : null;
  return typeof name === "string" ? name : null;
}
