import { check, lostWrites, type Promises, type Violation } from "./checker.ts";
import { Clients } from "./clients.ts";
import { becomesTrue, type Environment, type Worker } from "./environment.ts";
import { FaultPlan } from "./fault-plan.ts";
import type { End, History, Report, Write } from "./history.ts";
import type { OperationUnderTest } from "./operations.ts";
import type { Random } from "./random.ts";
import { type Scenario, thief } from "./scenario.ts";

export interface Played {
  readonly violations: readonly Violation[];
  /** Acknowledged writes that the primary of the end lacks: allowed in an unplanned promotion, and listed. */
  readonly lost: readonly Write[];
  readonly history: History;
  /** What came when, and what the workers printed. */
  readonly log: readonly string[];
}

/**
 * Plays one scenario in a cluster that is up, and checks what came of it: the operation under clients and faults, the next
 * worker after one that was killed, everything healed, what is unfinished taken up once, and a look at the end.
 */
export async function play(
  scenario: Scenario,
  operation: OperationUnderTest,
  environment: Environment,
  random: Random,
  setup: { readonly primary: string; readonly firstId: number },
): Promise<Played> {
  return await new Play(scenario, operation, environment, random, setup).run();
}

class Play {
  readonly #scenario: Scenario;
  readonly #operation: OperationUnderTest;
  readonly #environment: Environment;
  readonly #clients: Clients;
  readonly #faults: FaultPlan;
  readonly #reports: Report[] = [];
  readonly #log: string[] = [];
  readonly #rivals: Promise<unknown>[] = [];
  readonly #lostWithVolume = new Set<number>();
  #emptiedPrimary = false;
  #lastFaultAtMs = 0;
  /** When the last step had been done, and nothing was looked at any more. */
  #allStepsDoneAtMs: number | null = null;
  #workers = 0;

  constructor(
    scenario: Scenario,
    operation: OperationUnderTest,
    environment: Environment,
    random: Random,
    setup: { readonly primary: string; readonly firstId: number },
  ) {
    this.#scenario = scenario;
    this.#operation = operation;
    this.#environment = environment;
    const { clock, pods, clients: network } = environment;
    const { writers, readers, restMs } = scenario;
    this.#clients = new Clients({ clock, network, random, pods, writers, readers, restMs, firstId: setup.firstId });
    this.#faults = new FaultPlan(scenario, environment, setup.primary, () => {
      this.#rivals.push(this.#start(this.#newWorker("rival")));
    });
    this.#faults.onFault = async ({ act }, podOf) => {
      this.#lastFaultAtMs = clock.monotonicMs();
      if (act.kind === "empty volume") await this.#losesVolume(podOf(act.part));
    };
  }

  async run(): Promise<Played> {
    const { clock, pace } = this.#environment;
    await clock.sleep(pace.warmUpMs);
    const { prelude } = this.#scenario;
    const worker = this.#newWorker("worker");
    await this.#faults.prepare(prelude, worker);
    if (prelude.length > 0) await clock.sleep(pace.warmUpMs);
    this.#faults.begin();
    const operated = this.#operate(worker);
    await Promise.race([operated, clock.sleep(pace.operationMs)]);
    this.#faults.end();
    await this.#environment.heal();
    await this.#settle();
    await Promise.race([Promise.all([operated, ...this.#rivals]), clock.sleep(pace.operationMs)]);
    await this.#resumeOnce();
    const takesWrites = await this.#clients.takesWrites(pace.writeMs);
    await this.#clients.stop();
    await this.#settle();
    const history = await this.#historyWith(takesWrites);
    return {
      violations: check(history, this.#promises()),
      lost: lostWrites(history),
      history,
      log: [...this.#faults.log, ...this.#log],
    };
  }

  /** The command, and once more by the next worker when the first was killed. */
  async #operate(worker: Worker): Promise<void> {
    if ((await this.#startFollowed(worker)) !== null) return;
    await this.#environment.clock.sleep(this.#scenario.nextWorkerAfterMs);
    if (await this.#isOpen()) await this.#startFollowed(this.#newWorker("next-worker"));
  }

  /** The line that people are told to type, once: where something was left unfinished, or what it was asked for still is. */
  async #resumeOnce(): Promise<void> {
    const isAskedFor = this.#scenario.prelude.length > 0 && !(await this.#isRouted());
    if (!isAskedFor && !(await this.#isOpen())) return;
    await this.#start(this.#newWorker("resumer"));
    await this.#settle();
  }

  async #startFollowed(worker: Worker): Promise<Report | null> {
    this.#faults.follow(worker);
    return await this.#start(worker);
  }

  async #start(worker: Worker, verb = this.#scenario.operation, flags = this.#scenario.flags): Promise<Report | null> {
    const { target, clock, pods } = this.#environment;
    const given = flags.map((flag) => pods[Number(/^POD(\d)$/.exec(flag)?.[1] ?? Number.NaN)] ?? flag);
    const words = ["dolt", verb, target, ...given, ...(verb === "status" ? [] : ["--reason", "chaos"])];
    const report = await worker.run(words);
    const said = report === null ? "killed" : JSON.stringify(report);
    this.#log.push(`${Math.round(clock.monotonicMs())} ms: ${worker.name} ended: ${said}`);
    this.#log.push(...worker.printed.split("\n").filter((line) => line !== ""));
    if (report !== null) this.#reports.push(report);
    return report;
  }

  #newWorker(kind: string): Worker {
    this.#workers += 1;
    const last = `step.${this.#operation.steps.at(-1)}`;
    const isFollowed = kind === "worker" || kind === "next-worker";
    return this.#environment.newWorker(`${kind}-${this.#workers}`, {
      reached: async ({ call, phase }) => {
        if (call === last && phase === "after") this.#allStepsDoneAtMs = this.#environment.clock.monotonicMs();
        if (isFollowed) await this.#faults.reached(call, phase);
      },
      planned: (details) => {
        if (isFollowed) this.#faults.learn(details);
      },
    });
  }

  /** Every server answers, and the roles have come to rest. */
  async #settle(): Promise<void> {
    const { clock, pace } = this.#environment;
    let before = "";
    await becomesTrue(clock, pace.settleMs, async () => {
      await clock.sleep(pace.settleLookMs);
      const nodes = await this.#environment.nodes();
      const now = JSON.stringify(nodes.map(({ role, epoch }) => [role, epoch]));
      const isSame = now === before;
      before = now;
      return isSame && nodes.every((node) => node.role !== null);
    });
  }

  async #historyWith(takesWrites: boolean): Promise<History> {
    const end = async () => ({
      nodes: await this.#nodesAtLast(),
      routed: await this.#environment.labelled(),
      lease: withoutThief(await this.#environment.lease()),
      takesWrites,
      reports: this.#reports,
    });
    const { writes, reads } = this.#clients;
    // What comes when the last step had been done no operation can tell of. Whoever asks then is told.
    if (!takesWrites && this.#allStepsDoneAtMs !== null && this.#lastFaultAtMs >= this.#allStepsDoneAtMs) {
      await this.#start(this.#newWorker("status"), "status", []);
    }
    return { writes, reads, end: await end() };
  }

  /** Everything is healed by now: a server that does not answer at once, on a busy machine, is asked again before it counts as silent. */
  async #nodesAtLast(): Promise<Awaited<ReturnType<Environment["nodes"]>>> {
    const { clock, pace } = this.#environment;
    let nodes = await this.#environment.nodes();
    await becomesTrue(clock, pace.settleMs, async () => {
      if (nodes.every(({ role }) => role !== null)) return true;
      nodes = await this.#environment.nodes();
      return false;
    });
    return nodes;
  }

  async #isRouted(): Promise<boolean> {
    const primaries = (await this.#environment.nodes()).filter((node) => node.role === "primary");
    return primaries.length === 1 && (await this.#environment.labelled()).join() === primaries[0]?.name;
  }

  async #isOpen(): Promise<boolean> {
    return (await this.#environment.lease())?.open ?? false;
  }

  /** What only this server holds goes with its volume, whatever is done afterwards. */
  async #losesVolume(pod: string): Promise<void> {
    const nodes = await this.#environment.nodes();
    const isPrimary = nodes.some((node) => node.name === pod && node.role === "primary");
    if (isPrimary) this.#emptiedPrimary = true;
    const others = nodes.filter((node) => node.name !== pod);
    // What is acknowledged while this is looked at may be on no other server yet.
    for (const id of this.#clients.acknowledged()) {
      if (!others.some((node) => node.ids.has(id))) this.#lostWithVolume.add(id);
    }
  }

  #promises(): Promises {
    return {
      kind: this.#operation.kind,
      acknowledgedByStandbys: this.#scenario.ackTimeoutSecs > 0,
      lostWithVolume: this.#lostWithVolume,
      primaryLostItsVolume: this.#emptiedPrimary,
    };
  }
}

/** Who stole a lease beside which nothing is open renews it not: the next command takes it over. */
function withoutThief(lease: End["lease"]): End["lease"] {
  return lease?.holder === thief && !lease.open ? { ...lease, holder: null } : lease;
}
