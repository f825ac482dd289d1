import { z } from "zod";
import { KubernetesApi } from "../../../src/adapters/kubernetes/api.ts";
import { KubernetesIdentity } from "../../../src/adapters/kubernetes/identity.ts";
import { KubernetesTargetLeases } from "../../../src/adapters/kubernetes/target-leases.ts";
import { KubernetesWorkloads } from "../../../src/adapters/kubernetes/workloads.ts";
import { runCommandLine } from "../../../src/cli/run.ts";
import type { World } from "../../../src/cli/world.ts";
import type { Plan } from "../../../src/domain/plan.ts";
import type { Operation } from "../../../src/operations/operation.ts";
import { operationNamed } from "../../../src/operations/registry.ts";
import type { Report } from "../history.ts";
import { Life, type Point, withPoints } from "../points.ts";
import type { SimulatedCluster } from "./cluster.ts";
import { SimulatedDoltServers } from "./dolt-servers.ts";

const reportSchema = z.object({
  exitCode: z.number(),
  execution: z
    .object({
      state: z.string(),
      outcome: z.object({
        summary: z.string(),
        problems: z.array(z.object({ code: z.string(), what: z.string(), next: z.string() })),
      }),
    })
    .nullable(),
  problems: z.array(z.object({ code: z.string(), what: z.string(), next: z.string() })),
});

export interface WorkerEvents {
  /** Called at each point of the worker's life; it goes on when this resolves. */
  readonly reached: (point: Point) => Promise<void>;
  /** The plan that is being carried out. */
  readonly planned: (plan: Plan) => void;
}

/** One process of the command line, with everything but its own code in memory. */
export class SimulatedWorker {
  readonly life = new Life();
  readonly name: string;
  /** Everything it printed. */
  printed = "";
  readonly #cluster: SimulatedCluster;
  readonly #events: WorkerEvents;
  #ids = 0;

  constructor(cluster: SimulatedCluster, name: string, events: WorkerEvents) {
    this.#cluster = cluster;
    this.name = name;
    this.#events = events;
  }

  /** Runs one command line to its end, or until the process is killed (null). */
  async run(words: readonly string[]): Promise<Report | null> {
    let stdout = "";
    const terminal = {
      interactive: false,
      out: (text: string) => {
        stdout += text;
      },
      err: (text: string) => {
        this.printed += text;
      },
      ask: async () => null,
      onInterrupt: () => () => undefined,
    };
    const ended = runCommandLine([...words, "--yes", "--json"], {
      terminal,
      version: "0.0.0",
      connect: () => this.#world(),
    });
    const how = await Promise.race([ended, this.life.ended]);
    if (how === "killed") return null;
    return readReport(stdout);
  }

  /** SIGKILL: it does nothing more, and the kernel closes its connections. */
  kill(): void {
    this.life.kill();
    this.#cluster.sql.cutAllOf(this.name);
  }

  #world(): World {
    const { kubernetes, sql, time } = this.#cluster;
    const api = new KubernetesApi(kubernetes.kubeConfig());
    const reach = async (point: Point) => {
      await this.life.pass();
      await this.#events.reached(point);
      await this.life.pass();
    };
    const dolt = withPoints(new SimulatedDoltServers(sql, this.name), "dolt", reach, (call, result) =>
      call === "dolt.connect" && typeof result === "object" && result !== null
        ? withPoints(result, "dolt.session", reach)
        : result,
    );
    return {
      cluster: "simulated",
      homeNamespace: "default",
      workloads: (namespaces) =>
        withPoints(new KubernetesWorkloads(api, { cluster: "simulated", namespaces }), "workloads", reach),
      leases: withPoints(new KubernetesTargetLeases(api, { namespaces: [] }), "leases", reach),
      identity: withPoints(new KubernetesIdentity(api), "identity", reach),
      dolt,
      clock: withPoints({ ...clockOf(time) }, "clock", async () => this.life.pass()),
      operationNamed: (name) => {
        const operation = operationNamed(name);
        return operation === null ? null : this.#withStepPoints(operation, reach);
      },
      holder: this.name,
      newId: () => {
        this.#ids += 1;
        return `${this.name}-${this.#ids}`;
      },
      close: () => api.close(),
    };
  }

  #withStepPoints(operation: Operation, reach: (point: Point) => Promise<void>): Operation {
    return {
      name: operation.name,
      plan: (...given) => operation.plan(...given),
      begin: (context, plan, resumed) => {
        this.#events.planned(plan);
        const run = operation.begin(context, plan, resumed);
        return {
          steps: run.steps.map((step) => ({
            ...step,
            act: async (signal: AbortSignal) => {
              await reach({ call: `step.${step.id}`, phase: "before" });
              const note = await step.act(signal);
              await reach({ call: `step.${step.id}`, phase: "after" });
              return note;
            },
          })),
          undo: (failure, signal) => run.undo(failure, signal),
          result: () => run.result(),
          close: () => run.close(),
        };
      },
    };
  }
}

function clockOf(time: SimulatedCluster["time"]) {
  return {
    nowMs: () => time.nowMs(),
    monotonicMs: () => time.monotonicMs(),
    sleep: (durationMs: number, signal?: AbortSignal) => time.sleep(durationMs, signal),
  };
}

function readReport(stdout: string): Report {
  const report = reportSchema.parse(JSON.parse(stdout));
  return {
    exitCode: report.exitCode,
    state: report.execution?.state ?? null,
    summary: report.execution?.outcome.summary ?? null,
    problems: [...(report.execution?.outcome.problems ?? []), ...report.problems],
  };
}
