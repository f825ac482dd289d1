import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "vitest";
import { ReplicationLinks } from "../../sandbox/dolt-processes/replication-links.ts";
import { type Child, startChild } from "../../sandbox/node-agent/child.ts";
import { LoopbackRange } from "../../sandbox/node-agent/loopback.ts";
import { query } from "../conformance/dolt/client.ts";
import type { Bootstrap, DoltClusterUnderTest, DoltNodeUnderTest } from "../conformance/dolt/cluster-under-test.ts";
import { eventually } from "../conformance/dolt/eventually.ts";
import { nodeName, serverYaml } from "../conformance/dolt/server-yaml.ts";
import { startedOrClosed } from "../conformance/dolt/started-or-closed.ts";
import { doltConformance } from "../conformance/dolt/suite.ts";
import { doltServersSuite } from "../integration/dolt/dolt-servers.suite.ts";
import { ensurePart, partsUnavailable } from "../parts/build.ts";

const unavailable = partsUnavailable();

if (unavailable === null) {
  doltConformance("real Dolt servers", startRealCluster);
  doltServersSuite("real Dolt servers", startRealCluster);
} else describe(`real Dolt servers (${unavailable})`, () => it.skip("passes the conformance suite", () => undefined));

/** Ports that every server has, each on an address of its own: after a restart they are still free for it. */
const SQL_PORT = 3306;
const REPLICATION_PORT = 50051;

/** Dolt processes, each pair joined through a proxy that can be cut. */
async function startRealCluster(bootstrap: readonly Bootstrap[]): Promise<DoltClusterUnderTest> {
  const binary = await ensurePart("dolt");
  const folder = await mkdtemp(join(tmpdir(), "handover-dolt-"));
  const names = bootstrap.map((_, index) => nodeName(index));
  const addresses = await LoopbackRange.reserve();
  const hosts = new Map(names.map((name) => [name, addresses.take()]));
  const links = new ReplicationLinks((name) => {
    const host = hosts.get(name);
    return host === undefined ? undefined : { host, port: REPLICATION_PORT };
  });
  await Promise.all(names.map((name, index) => links.setHost(name, `127.96.0.${10 + index}`)));
  await Promise.all(names.map((name) => links.portOf(name)));
  const nodes: RealNode[] = [];
  for (const [index, own] of bootstrap.entries()) {
    const name = nodeName(index);
    const host = hosts.get(name) ?? "127.0.0.1";
    const yaml = serverYaml({
      listener: { host, port: SQL_PORT },
      replication: { host, port: REPLICATION_PORT },
      bootstrap: own,
      remotes: names
        .filter((other, place) => other !== name && (own.remotes?.includes(place) ?? true))
        .map((other) => ({ name: other, address: links.between(name, other).address })),
    });
    nodes.push(new RealNode({ name, binary, host, yaml, folder: join(folder, name), links }));
  }
  const cluster: DoltClusterUnderTest = {
    nodes,
    partition: async (a, b) => {
      links.between(a.name, b.name).cut(true);
      links.between(b.name, a.name).cut(true);
    },
    heal: async () => {
      for (const link of links.all()) link.cut(false);
    },
    close: async () => {
      await Promise.all(nodes.map((node) => node.kill()));
      await links.close();
      await addresses.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
  return await startedOrClosed(cluster);
}

interface RealNodeOptions {
  readonly name: string;
  readonly binary: string;
  readonly host: string;
  readonly yaml: string;
  readonly folder: string;
  readonly links: ReplicationLinks;
}

class RealNode implements DoltNodeUnderTest {
  readonly name: string;
  readonly address: { host: string; port: number };
  readonly #options: RealNodeOptions;
  #process: Child | undefined;

  constructor(options: RealNodeOptions) {
    this.name = options.name;
    this.address = { host: options.host, port: SQL_PORT };
    this.#options = options;
  }

  replicationAddress(from: DoltNodeUnderTest): string {
    return this.#options.links.between(from.name, this.name).address;
  }

  async start(): Promise<void> {
    const { binary, folder, yaml } = this.#options;
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, "server.yaml"), yaml);
    this.#process = await startChild({
      command: [binary, "sql-server", "--config", "server.yaml"],
      env: { PATH: process.env.PATH ?? "", DOLT_ROOT_PATH: folder, DOLT_ROOT_HOST: "%", DOLT_DISABLE_EVENT_FLUSH: "1" },
      cwd: folder,
      logFile: join(folder, "server.log"),
    });
    // The port opens before the server answers: only a query tells.
    await eventually(
      `${this.name} answers`,
      () => query(this, "SELECT 1"),
      () => true,
    );
  }

  async kill(): Promise<void> {
    this.#process?.signal("SIGKILL");
    await this.#process?.exited;
    this.#process = undefined;
  }

  async erase(): Promise<void> {
    await rm(this.#options.folder, { recursive: true, force: true });
  }

  freeze(): void {
    this.#process?.signal("SIGSTOP");
  }

  thaw(): void {
    this.#process?.signal("SIGCONT");
  }
}
