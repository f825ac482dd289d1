import { parseServerConfig, type ServerConfig } from "../../../sandbox/dolt/cluster/config.ts";
import { Volume } from "../../../sandbox/dolt/engine/volume.ts";
import { ReplicationNetwork } from "../../../sandbox/dolt/network.ts";
import { type SimulatedDolt, startSimulatedDolt } from "../../../sandbox/dolt/server.ts";
import { LoopbackRange } from "../../../sandbox/node-agent/loopback.ts";
import type { Clock } from "../../../src/ports/clock.ts";
import { acceleratedClock } from "./accelerated-clock.ts";
import type { Bootstrap, DoltClusterUnderTest, DoltNodeUnderTest } from "./cluster-under-test.ts";
import { nodeName, serverYaml } from "./server-yaml.ts";
import { startedOrClosed } from "./started-or-closed.ts";

/** The same for all: each node has an address of its own, so that its ports are still its own after a restart. */
const SQL_PORT = 3306;
/** Simulated servers know one another by host name only; no DNS and no port is needed for it. */
const REPLICATION_PORT = 50051;

/** How much faster than real time the simulated servers live. */
const ACCELERATION = 8;

export async function startSimulatedCluster(bootstrap: readonly Bootstrap[]): Promise<DoltClusterUnderTest> {
  const clock = acceleratedClock(ACCELERATION);
  const network = new ReplicationNetwork(clock);
  const addresses = await LoopbackRange.reserve();
  const nodes: SimulatedNode[] = [];
  for (const [index, own] of bootstrap.entries()) {
    const host = addresses.take();
    const yaml = serverYaml({
      listener: { host, port: SQL_PORT },
      replication: { host, port: REPLICATION_PORT },
      bootstrap: own,
      remotes: bootstrap
        .map((_, other) => other)
        .filter((other) => other !== index && (own.remotes?.includes(other) ?? true))
        .map((other) => nodeName(other))
        .map((name) => ({ name, address: `${name}:${REPLICATION_PORT}` })),
    });
    nodes.push(new SimulatedNode(nodeName(index), parseServerConfig(yaml), network, clock));
  }
  return await startedOrClosed({
    nodes,
    partition: async (a, b) => network.partition(a.name, b.name),
    heal: async () => network.heal(),
    close: async () => {
      await Promise.all(nodes.map((node) => node.kill()));
      await addresses.close();
    },
  });
}

class SimulatedNode implements DoltNodeUnderTest {
  readonly name: string;
  readonly address: { host: string; port: number };
  readonly #config: ServerConfig;
  readonly #network: ReplicationNetwork;
  readonly #clock: Clock;
  #volume = new Volume();
  #server: SimulatedDolt | undefined;

  constructor(name: string, config: ServerConfig, network: ReplicationNetwork, clock: Clock) {
    this.name = name;
    this.address = { host: config.host, port: config.port };
    this.#config = config;
    this.#network = network;
    this.#clock = clock;
  }

  replicationAddress(): string {
    return `${this.name}:${REPLICATION_PORT}`;
  }

  async start(): Promise<void> {
    this.#server = await startSimulatedDolt({
      name: this.name,
      config: this.#config,
      volume: this.#volume,
      network: this.#network,
      clock: this.#clock,
      rootHost: "%",
      answersTo: (host) => host === this.name,
    });
  }

  async kill(): Promise<void> {
    await this.#server?.kill();
    this.#server = undefined;
  }

  async erase(): Promise<void> {
    this.#volume = new Volume();
  }

  freeze(): void {
    this.#server?.freeze();
  }

  thaw(): void {
    this.#server?.thaw();
  }
}
