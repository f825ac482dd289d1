import type { SandboxCluster } from "../../../sandbox/cluster.ts";
import { becomesTrue } from "../environment.ts";
import type { OperationUnderTest } from "../operations.ts";
import { type Played, play } from "../play.ts";
import { Random } from "../random.ts";
import type { Scenario } from "../scenario.ts";
import { RealEnvironment } from "./environment.ts";

const healthyWithinMs = 60_000;

/** Plays one scenario after the other on one target of real servers, and on a new one where the last left it broken. */
export class Lane {
  readonly #cluster: SandboxCluster;
  readonly #namespace: string;
  #environment: RealEnvironment | null = null;
  #targets = 0;
  #runs = 0;

  constructor(cluster: SandboxCluster, namespace: string) {
    this.#cluster = cluster;
    this.#namespace = namespace;
  }

  async play(scenario: Scenario, operation: OperationUnderTest): Promise<Played> {
    const environment = this.#environment ?? (await this.#newTarget());
    this.#environment = environment;
    this.#runs += 1;
    environment.table = `app.run${this.#runs}`;
    environment.points = pointsOf(scenario);
    const primary = await this.#prepare(environment, scenario);
    const random = new Random(scenario.seed);
    const played = await play({ ...scenario, restMs: Math.max(20, scenario.restMs) }, operation, environment, random, {
      primary,
      firstId: 1,
    });
    if (!(await this.#isHealthy(environment))) await this.#giveUp(environment);
    return played;
  }

  /** Its servers would take the machine from those of the runs to come. */
  async #giveUp(environment: RealEnvironment): Promise<void> {
    await environment.deleteTarget();
    await this.close();
  }

  async close(): Promise<void> {
    const environment = this.#environment;
    this.#environment = null;
    await environment?.close();
  }

  async #newTarget(): Promise<RealEnvironment> {
    this.#targets += 1;
    const target = await this.#cluster.createDoltTarget({
      namespace: this.#namespace,
      name: `orders${this.#targets}`,
      replicas: 3,
      databases: ["app"],
    });
    return await RealEnvironment.open(this.#cluster, target);
  }

  /** A table of this run's own, on every server, and replication that is known to be near. Returns who is primary. */
  async #prepare(environment: RealEnvironment, scenario: Scenario): Promise<string> {
    const { table, pods, clock } = environment;
    let primary = "";
    const isReady = await becomesTrue(clock, healthyWithinMs, async () => {
      const nodes = await environment.nodes();
      primary = nodes.find((node) => node.role === "primary")?.name ?? "";
      await environment.sql(primary, `CREATE TABLE IF NOT EXISTS ${table} (id BIGINT PRIMARY KEY, v TEXT)`);
      await environment.sql(primary, `INSERT IGNORE INTO ${table} VALUES (0, 'first')`);
      for (const pod of pods) {
        await environment.sql(pod, `SET @@GLOBAL.dolt_cluster_ack_writes_timeout_secs = ${scenario.ackTimeoutSecs}`);
        if ((await environment.sql(pod, `SELECT id FROM ${table}`)).length === 0) return false;
      }
      return true;
    });
    if (!isReady) throw new Error(`the servers of ${environment.target} were not ready for a run`);
    return primary;
  }

  async #isHealthy(environment: RealEnvironment): Promise<boolean> {
    const nodes = await environment.nodes();
    const primaries = nodes.filter((node) => node.role === "primary");
    const routed = await environment.labelled();
    const lease = await environment.lease();
    const isFree = lease === null || (lease.holder === null && !lease.open);
    const epochs = new Set(nodes.map((node) => node.epoch));
    return isFree && primaries.length === 1 && routed.join() === primaries[0]?.name && epochs.size === 1;
  }
}

/** The calls at which the scenario's faults come. */
function pointsOf({ faults }: Scenario): string[] {
  return faults.flatMap(({ at }) => (at.kind === "call" ? [at.call] : []));
}
