import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createConnection, type RowDataPacket } from "mysql2/promise";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ReplicationNetwork } from "../../../sandbox/dolt/network.ts";
import { SimulatedDoltRuntime } from "../../../sandbox/dolt/runtime.ts";
import { LoopbackRange } from "../../../sandbox/node-agent/loopback.ts";
import type { ContainerSpec } from "../../../sandbox/node-agent/runtime.ts";
import { systemClock } from "../../../src/adapters/clock.ts";

const PORT = 3306;

describe("pods as simulated Dolt servers", () => {
  let folder: string;
  let runtime: SimulatedDoltRuntime;
  let addresses: LoopbackRange;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "handover-runtime-"));
    addresses = await LoopbackRange.reserve();
    runtime = new SimulatedDoltRuntime({ clock: systemClock, network: new ReplicationNetwork(systemClock, 0) });
  });

  afterEach(async () => {
    await runtime.close();
    await addresses.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** Pod `orders-ORDINAL`, as its StatefulSet would make it. */
  async function pod(ordinal: number, replicas = 2): Promise<ContainerSpec> {
    const name = `orders-${ordinal}`;
    const [config, data] = [join(folder, "config"), join(folder, name)];
    await mkdir(config, { recursive: true });
    await mkdir(data, { recursive: true });
    const others = Array.from({ length: replicas }, (_, index) => `orders-${index}`).filter((other) => other !== name);
    await writeFile(
      join(config, `${name}.yaml`),
      `listener: {host: "\${POD_IP}", port: ${PORT}}
cluster:
  bootstrap_role: ${ordinal === 0 ? "primary" : "standby"}
  bootstrap_epoch: 1
  remotesapi: {address: "\${POD_IP}", port: 50051}
  standby_remotes: [${others.map((other) => `{name: ${other}, remote_url_template: "http://${other}-repl.shop.svc:50051/{database}"}`).join(", ")}]
`,
    );
    const ip = addresses.take();
    return {
      pod: { namespace: "shop", name, uid: name, ip, hostname: name },
      name: "dolt",
      image: "dolt",
      command: ["dolt", "sql-server", "--config", `/etc/dolt/${name}.yaml`],
      workingDir: "/var/lib/dolt",
      env: { POD_IP: ip, DOLT_ROOT_PATH: "/var/lib/dolt", DOLT_ROOT_HOST: "%", DOLT_ROOT_PASSWORD: "secret" },
      ports: [],
      mounts: [
        { volume: "config", mountPath: "/etc/dolt", folder: config, readOnly: true },
        { volume: "data", mountPath: "/var/lib/dolt", folder: data, readOnly: false },
      ],
    };
  }

  async function ask(spec: ContainerSpec, sql: string): Promise<RowDataPacket[]> {
    const connection = await createConnection({ host: spec.pod.ip, port: PORT, user: "root", password: "secret" });
    try {
      const [rows] = await connection.query<RowDataPacket[]>(sql);
      return rows;
    } finally {
      connection.destroy();
    }
  }

  const role = async (spec: ContainerSpec) =>
    (await ask(spec, "SELECT @@GLOBAL.dolt_cluster_role AS role, @@GLOBAL.dolt_cluster_role_epoch AS epoch"))[0];

  it("listens on the pod's address with the configuration of its ConfigMap, and replicates by the Service's name", async () => {
    const [first, second] = [await pod(0), await pod(1)];
    await runtime.start(second);
    await runtime.start(first);
    await ask(first, "CREATE DATABASE app");

    const rows = await ask(first, "CALL dolt_cluster_transition_to_standby(2, 0)");

    expect(rows.every((row) => row.caught_up === 1)).toBe(true);
    expect(await role(second)).toEqual({ role: "standby", epoch: 1 });
    expect(await ask(second, "SHOW DATABASES")).toContainEqual({ Database: "app" });
  });

  it("keeps its volume over a kill, as long as the folder keeps its contents", async () => {
    const spec = await pod(0, 1);
    const container = await runtime.start(spec);
    await ask(spec, "CALL dolt_assume_cluster_role('primary', 7)");

    container.signal("SIGKILL");
    expect(await container.exited).toEqual({ exitCode: 137, signal: "SIGKILL" });
    const again = await runtime.start(spec);
    expect(await role(spec)).toEqual({ role: "primary", epoch: 7 });

    again.signal("SIGTERM");
    expect(await again.exited).toEqual({ exitCode: 0, signal: null });
    await rm(join(folder, "orders-0"), { recursive: true });
    await mkdir(join(folder, "orders-0"));
    await runtime.start(spec);
    expect(await role(spec)).toEqual({ role: "primary", epoch: 1 });
  });

  it("is not ready while stopped, and goes on where it was", async () => {
    const spec = await pod(0, 1);
    const container = await runtime.start(spec);
    expect(await container.ready(AbortSignal.timeout(5_000))).toBe(true);

    container.signal("SIGSTOP");
    const gaveUp = new AbortController();
    const probe = container.ready(gaveUp.signal);
    const answer = role(spec);
    gaveUp.abort();

    expect(await probe).toBe(false);
    container.signal("SIGCONT");
    expect(await answer).toEqual({ role: "primary", epoch: 1 });
    expect(await container.ready(AbortSignal.timeout(5_000))).toBe(true);
  });

  it("ends a server at its first write to a full disk, and starts none on it until there is space", async () => {
    const spec = await pod(0, 1);
    const container = await runtime.start(spec);
    const volume = runtime.volumeOf("shop", "orders-0");
    if (volume === undefined) throw new Error("The pod runs, so it has a volume.");
    volume.full = true;
    expect(await role(spec)).toEqual({ role: "primary", epoch: 1 });

    await expect(ask(spec, "CREATE DATABASE app")).rejects.toThrow("Connection lost");

    expect(await container.exited).toEqual({ exitCode: 1, signal: null });
    const again = await runtime.start(spec);
    expect([await again.exited, await again.ready(AbortSignal.timeout(1_000))]).toEqual([
      { exitCode: 1, signal: null },
      false,
    ]);
    volume.full = false;
    await runtime.start(spec);
    expect(await role(spec)).toEqual({ role: "primary", epoch: 1 });
    expect(runtime.volumeOf("shop", "orders-9")).toBeUndefined();
  });

  it("refuses what it cannot run", async () => {
    const spec = await pod(0, 1);
    await runtime.start(spec);

    await expect(runtime.start(spec)).rejects.toThrow("EADDRINUSE");
    await expect(runtime.start({ ...spec, command: ["redis-server"] })).rejects.toThrow("runs only");
    await expect(runtime.start({ ...spec, mounts: [] })).rejects.toThrow("no volume mounted");
    await expect(runtime.start({ ...spec, env: {} })).rejects.toThrow("POD_IP");
  });
});
