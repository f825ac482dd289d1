import { onTestFinished } from "vitest";
import type { ClusterConfig } from "../../../sandbox/dolt/cluster/config.ts";
import { ClusterController } from "../../../sandbox/dolt/cluster/controller.ts";
import { firstAccounts } from "../../../sandbox/dolt/engine/accounts.ts";
import { newDatabase } from "../../../sandbox/dolt/engine/database.ts";
import { Instance } from "../../../sandbox/dolt/engine/instance.ts";
import { Volume } from "../../../sandbox/dolt/engine/volume.ts";
import { Gate } from "../../../sandbox/dolt/gate.ts";
import { type Endpoint, ReplicationNetwork } from "../../../sandbox/dolt/network.ts";
import { SteppingClock } from "./stepping-clock.ts";

/** Without sockets and without SQL: what a server's cluster side is made of. */
export interface Node {
  readonly name: string;
  readonly controller: ClusterController;
  readonly instance: Instance;
  readonly volume: Volume;
  readonly gate: Gate;
  /** Connections that were spared at each cut: the caller's id, or undefined when none was. */
  readonly cuts: (number | undefined)[];
  stop(): void;
}

export interface NodeOptions {
  readonly name: string;
  readonly others: readonly string[];
  readonly role: "primary" | "standby";
  readonly epoch?: number;
  readonly volume?: Volume;
  /** Port in the URL of its standbys; all listen on 1. */
  readonly remotePort?: number;
}

export class Lab {
  readonly clock = new SteppingClock();
  readonly network = new ReplicationNetwork(this.clock, 1);

  node(options: NodeOptions): Node {
    const { name, volume = new Volume(), remotePort = 1 } = options;
    volume.accounts ??= firstAccounts("%", "");
    const life = new AbortController();
    const gate = new Gate();
    const cuts: (number | undefined)[] = [];
    const config: ClusterConfig = {
      remotes: options.others.map((other) => ({
        name: other,
        urlTemplate: `http://${other}:${remotePort}/{database}`,
      })),
      bootstrapRole: options.role,
      bootstrapEpoch: options.epoch ?? 1,
      remotesApiPort: 1,
    };
    const controller = new ClusterController({
      config,
      volume,
      clock: this.clock,
      life: { signal: life.signal, thawed: () => gate.passed() },
      transport: this.network.transportOf(name),
      killConnections: (except) => cuts.push(except),
    });
    const instance = new Instance(volume, this.clock, controller, this.network.backups, () => life.abort());
    const endpoint: Endpoint = {
      answersTo: (host) => host === name,
      receive: async (from, request) => {
        await gate.passed();
        return controller.receive(from, request, (accepted) => instance.apply(accepted));
      },
    };
    this.network.join(name, endpoint);
    controller.start();
    const stop = () => {
      life.abort();
      this.network.leave(name, endpoint);
    };
    onTestFinished(stop);
    return { name, controller, instance, volume, gate, cuts, stop };
  }

  /** `a`, a primary with a database `app`, and its standbys `b` and `c`, all caught up. */
  async three(): Promise<{ a: Node; b: Node; c: Node }> {
    const [a, b, c] = [
      this.node({ name: "a", others: ["b", "c"], role: "primary" }),
      this.node({ name: "b", others: ["a", "c"], role: "standby" }),
      this.node({ name: "c", others: ["a", "b"], role: "standby" }),
    ];
    a.instance.createDatabase("app");
    // The first of a's attempts finds no peer yet; the next comes a second later.
    await this.clock.advance(2000);
    return { a, b, c };
  }
}

/** Writes to `app`: what is written does not matter to replication, only that it is new. */
export function write(node: Node): void {
  node.instance.store("app", newDatabase(`${node.name} ${Math.random()}`, node.instance.clock.nowMs()));
}

/** What a promise ends with once time has passed: its value or its error's message. */
export async function ends(promise: Promise<unknown>): Promise<unknown> {
  return await promise.catch((error: unknown) => (error instanceof Error ? error.message : error));
}
