import type { Namespaces, UnannouncedWorkload } from "../../../src/adapters/kubernetes/workloads.ts";
import type { GivenPolicy } from "../../../src/cli/break-glass.ts";
import { runCommandLine } from "../../../src/cli/run.ts";
import type { Terminal } from "../../../src/cli/terminal.ts";
import type { World } from "../../../src/cli/world.ts";
import type { AnnouncedTarget } from "../../../src/domain/target.ts";
import type { Operation, PlanResult } from "../../../src/operations/operation.ts";
import type { Workloads } from "../../../src/ports/workloads.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { MemoryLeases } from "../../support/memory-leases.ts";
import { noCluster } from "../../support/no-cluster.ts";
import { switchingOperation, type TestOperation } from "../../support/test-operation.ts";

/** A person at a terminal, or a pipe. */
export class FakeTerminal implements Terminal {
  interactive = true;
  stdout = "";
  stderr = "";
  questions = 0;
  answer: string | null = "yes";
  /** What happens while the person reads the question. */
  whileAsked: () => void = () => undefined;
  readonly #listeners = new Set<() => void>();

  out(text: string): void {
    this.stdout += text;
  }

  err(text: string): void {
    this.stderr += text;
  }

  async ask(): Promise<string | null> {
    this.questions += 1;
    this.whileAsked();
    return this.answer;
  }

  onInterrupt(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Ctrl-C. */
  interrupt(): void {
    for (const listener of this.#listeners) listener();
  }
}

/** A cluster of two targets, `shop/orders` (StatefulSet `dolt`) and `shop/billing`, whose one operation is the test operation. */
export class FakeWorld implements World {
  readonly cluster = "prod";
  readonly homeNamespace = "default";
  readonly clock = new ManualClock();
  readonly leases = new MemoryLeases();
  operation: TestOperation = switchingOperation();
  readonly identity = {
    username: async () => "kim@example.com",
    whoAmI: async () => ({ username: "kim@example.com", groups: ["dba", "system:authenticated"] }),
    may: async () => true,
  };
  policy: GivenPolicy | null = null;
  readonly dolt = noCluster.dolt;
  readonly crate = noCluster.crate;
  readonly crateClusters = noCluster.crateClusters;
  readonly holder = "npx-handover/test";
  readonly annotations: Record<string, string> = { "handover.dev/engine": "dolt", "handover.dev/name": "orders" };
  targets: AnnouncedTarget[] = [announced("shop", "orders", "dolt"), announced("shop", "billing", "billing")];
  /** Thrown when all namespaces are asked for. */
  everywhere: Error | null = null;
  closed = 0;

  workloads(namespaces: Namespaces): Workloads {
    return {
      ...noCluster.workloads,
      targets: async () => {
        if (namespaces === "all" && this.everywhere !== null) throw this.everywhere;
        return this.targets.filter((target) => namespaces === "all" || namespaces.includes(target.namespace));
      },
      marks: async ({ workload: name }) => [
        { kind: "StatefulSet", namespace: "shop", name, uid: "uid", annotations: this.annotations },
      ],
    };
  }

  /** StatefulSets beside the targets. */
  strangers: (Omit<UnannouncedWorkload, "kind"> & Partial<UnannouncedWorkload>)[] = [];

  async unannounced(namespaces: Namespaces): Promise<UnannouncedWorkload[]> {
    return this.strangers
      .filter(({ namespace }) => namespaces === "all" || namespaces.includes(namespace))
      .map((stranger) => ({ kind: "StatefulSet", ...stranger }));
  }

  /** What the preflight says; the test operation's own, unless a test wants another. */
  planned: () => Promise<PlanResult> = () => this.operation.plan();
  readonly operationNamed = (): Operation => ({
    name: this.operation.name,
    plan: () => this.planned(),
    begin: (context, plan) => this.operation.begin(context, plan),
  });
  readonly newId = () => "1";

  async close(): Promise<void> {
    this.closed += 1;
  }
}

export const target = { namespace: "shop", workload: "dolt" };

export function run(line: string, terminal: FakeTerminal, world: World): Promise<number> {
  const words = line.split(" ").filter((word) => word !== "");
  return runCommandLine(words, { terminal, version: "1.2.3", environment: {}, connect: () => world });
}

export function announced(namespace: string, name: string, workload: string): AnnouncedTarget {
  return { cluster: "prod", namespace, name, engine: "dolt", workload, runbooks: {} };
}
