import { LEASES } from "../../../sandbox/kubernetes/resources.ts";
import { check, type Promises, type Violation } from "../checker.ts";
import type { End, EndNode, History, Report } from "../history.ts";
import type { OperationUnderTest } from "../operations.ts";
import { Random } from "../random.ts";
import type { Scenario } from "../scenario.ts";
import { SimulatedClients } from "./clients.ts";
import { database, namespace, SimulatedCluster, targetName } from "./cluster.ts";
import { Faults } from "./faults.ts";
import { VirtualTime } from "./virtual-time.ts";
import { SimulatedWorker } from "./worker.ts";

/** An operation that does not end by itself within so long is no longer waited for. */
const operationDeadlineMs = 400_000;
/** Servers are up again and say the same, and an abandoned lease was seen so. */
const settleDeadlineMs = 60_000;
const writesDeadlineMs = 30_000;

export interface RunResult {
  readonly violations: readonly Violation[];
  readonly history: History;
  /** What came when, and what the workers printed. */
  readonly log: readonly string[];
  /** How long it took in the run's own time. */
  readonly tookMs: number;
}

/** One scenario from beginning to end, in a time of its own; the same scenario always gives the same. */
export function runSimulated(scenario: Scenario, operation: OperationUnderTest): Promise<RunResult> {
  const time = new VirtualTime();
  return time.run(async () => {
    const random = new Random(scenario.seed ^ 0x5bd1e995);
    const cluster = await SimulatedCluster.start(time, random, scenario);
    try {
      return await new SimulatedRun(scenario, operation, cluster, random).run();
    } finally {
      await cluster.close();
    }
  });
}

class SimulatedRun {
  readonly #scenario: Scenario;
  readonly #operation: OperationUnderTest;
  readonly #cluster: SimulatedCluster;
  readonly #clients: SimulatedClients;
  readonly #faults: Faults;
  readonly #reports: Report[] = [];
  readonly #log: string[] = [];
  readonly #rivals: Promise<unknown>[] = [];
  readonly #lostWithVolume = new Set<number>();
  #emptiedPrimary = false;
  #worker: SimulatedWorker;
  #workers = 0;

  constructor(scenario: Scenario, operation: OperationUnderTest, cluster: SimulatedCluster, random: Random) {
    this.#scenario = scenario;
    this.#operation = operation;
    this.#cluster = cluster;
    this.#clients = new SimulatedClients(cluster, random, scenario);
    this.#faults = new Faults(scenario, {
      cluster,
      worker: () => this.#worker,
      startRival: () => this.#rivals.push(this.#start(this.#newWorker("rival"))),
      losesVolume: (pod) => this.#losesVolume(pod),
    });
    this.#worker = this.#newWorker("worker");
  }

  async run(): Promise<RunResult> {
    const { time } = this.#cluster;
    await time.sleep(1_500);
    this.#faults.begin();
    const operated = this.#operate();
    await Promise.race([operated, time.sleep(operationDeadlineMs)]);
    this.#faults.end();
    await this.#heal();
    await Promise.race([Promise.all([operated, ...this.#rivals]), time.sleep(operationDeadlineMs)]);
    await this.#resumeOnce();
    const takesWrites = await this.#clients.takesWrites(writesDeadlineMs);
    await this.#clients.stop();
    await this.#settle();
    const history = {
      writes: this.#clients.writes,
      reads: this.#clients.reads,
      end: await this.#end(takesWrites),
    };
    const violations = check(history, this.#promises());
    return { violations, history, log: [...this.#faults.log, ...this.#log], tookMs: time.monotonicMs() };
  }

  /** The command, and once more by the next worker when the first was killed. */
  async #operate(): Promise<void> {
    if ((await this.#start(this.#worker)) !== null) return;
    await this.#cluster.time.sleep(this.#scenario.nextWorkerAfterMs);
    if (!this.#isOpen()) return;
    this.#worker = this.#newWorker("next-worker");
    await this.#start(this.#worker);
  }

  async #heal(): Promise<void> {
    this.#worker.life.goOn();
    await this.#cluster.heal();
    await this.#settle();
  }

  /** What was left unfinished is taken up, by the line that people are told to type. */
  async #resumeOnce(): Promise<void> {
    if (!this.#isOpen()) return;
    await this.#start(this.#newWorker("resumer"));
    await this.#settle();
  }

  async #start(worker: SimulatedWorker): Promise<Report | null> {
    const { operation, flags } = this.#scenario;
    const words = ["dolt", operation, `${namespace}/${targetName}`, ...flags, "--reason", "chaos"];
    const report = await worker.run(words);
    const atMs = Math.round(this.#cluster.time.monotonicMs());
    const said = report === null ? "killed" : `${report.exitCode} ${report.state ?? ""} ${JSON.stringify(report)}`;
    this.#log.push(
      `${atMs} ms: ${worker.name} ended: ${said}`,
      ...worker.printed.split("\n").filter((line) => line !== ""),
    );
    if (report !== null) this.#reports.push(report);
    return report;
  }

  #newWorker(kind: string): SimulatedWorker {
    this.#workers += 1;
    const worker: SimulatedWorker = new SimulatedWorker(this.#cluster, `${kind}-${this.#workers}`, {
      reached: async ({ call, phase }) => {
        if (worker === this.#worker) await this.#faults.reached(call, phase);
      },
      planned: (plan) => {
        const candidate = nameOfCandidate(plan.details);
        if (candidate !== null && worker === this.#worker) this.#faults.learn(candidate);
      },
    });
    return worker;
  }

  /** Every pod runs a server that answers, and the roles have come to rest. */
  async #settle(): Promise<void> {
    let before = "";
    await this.#cluster.until(async () => {
      await this.#cluster.time.sleep(2_000);
      const nodes = await this.#nodes();
      const now = JSON.stringify(nodes.map(({ role, epoch, ids }) => [role, epoch, ids.size > 0 && before !== ""]));
      const isSame = now === before;
      before = now;
      return isSame && nodes.every((node) => node.role !== null);
    }, settleDeadlineMs);
  }

  async #end(takesWrites: boolean): Promise<End> {
    const lease = this.#lease();
    return {
      nodes: await this.#nodes(),
      routed: this.#cluster.labelled(),
      lease,
      takesWrites,
      reports: this.#reports,
    };
  }

  #nodes(): Promise<EndNode[]> {
    return Promise.all(
      this.#cluster.pods.map(async (name): Promise<EndNode> => {
        try {
          const [identity] = await this.#cluster.query(
            name,
            "SELECT @@GLOBAL.dolt_cluster_role AS role, @@GLOBAL.dolt_cluster_role_epoch AS epoch",
          );
          const rows = await this.#cluster.query(name, `SELECT id FROM ${database}.t`).catch(() => []);
          const ids = new Set(rows.map((row) => Number(row.id)));
          return { name, role: String(identity?.role), epoch: Number(identity?.epoch), ids };
        } catch {
          return { name, role: null, epoch: null, ids: new Set<number>() };
        }
      }),
    );
  }

  #lease(): End["lease"] {
    const lease = this.#cluster.kubernetes.registry.store.get(LEASES, namespace, `handover-${targetName}`);
    if (lease === undefined) return null;
    const { holderIdentity } = Object(lease.spec);
    const open = Object.keys(lease.metadata.annotations ?? {}).some((key) => key.endsWith("/execution"));
    return { holder: typeof holderIdentity === "string" && holderIdentity !== "" ? holderIdentity : null, open };
  }

  #isOpen(): boolean {
    return this.#lease()?.open ?? false;
  }

  /** What only this server holds goes with its volume, whatever is done afterwards. */
  #losesVolume(pod: string): void {
    const { kubelet, pods } = this.#cluster;
    const server = kubelet.serverOf(pod);
    if (server?.standing?.role === "primary") this.#emptiedPrimary = true;
    const others = pods.filter((other) => other !== pod).map((other) => kubelet.heldBy(other, database));
    for (const id of this.#clients.acknowledged()) {
      if (!others.some((held) => held.has(id))) this.#lostWithVolume.add(id);
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

/** Which pod the plan chose, in whatever operation has one. */
function nameOfCandidate(details: unknown): string | null {
  const candidate: unknown = Object(details).candidate;
  const name: unknown = Object(candidate).name;
  return typeof name === "string" ? name : null;
}
