import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { CoreV1Api, KubeConfig, type V1Pod } from "@kubernetes/client-node";
import { type Connection, createConnection, type RowDataPacket } from "mysql2/promise";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { ROLE_LABEL, ROOT_USER, roleService, SQL_PORT } from "../../sandbox/dolt-manifests.ts";
import type { DoltTarget } from "../../sandbox/handle.ts";
import { killAndWait, spawnTied, waitForLine } from "../../sandbox/tied-process.ts";
import { wholeClusterUnavailable } from "./availability.ts";
import { command } from "./machine/command.ts";
import { knownContainers } from "./machine/containerd.ts";
import { until } from "./machine/until.ts";
import { startWholeCluster, type WholeCluster } from "./whole-cluster.ts";

const DEADLINE_MS = 90_000;
const START_DEADLINE_MS = 300_000;
/** Well after the first process has started, and long before the last. */
const BREAK_OFF_MS = 3_000;
const NAMESPACE = "shop";
const unavailable = await wholeClusterUnavailable();

describe.skipIf(unavailable !== null)(`the whole cluster${unavailable === null ? "" : ` (${unavailable})`}`, () => {
  let cluster: WholeCluster;
  let target: DoltTarget;
  let core: CoreV1Api;
  let password: string;

  beforeAll(async () => {
    cluster = await startWholeCluster();
    target = await cluster.createDoltTarget({ namespace: NAMESPACE, name: "orders", replicas: 3, databases: ["app"] });
    const kubeConfig = new KubeConfig();
    kubeConfig.loadFromString(cluster.kubeconfig);
    core = kubeConfig.makeApiClient(CoreV1Api);
    const secret = await core.readNamespacedSecret({ namespace: NAMESPACE, name: "orders-credentials" });
    password = Buffer.from(secret.data?.password ?? "", "base64").toString();
  });

  afterAll(async () => {
    await cluster?.close();
  });

  it("runs three Dolt pods, one primary and two standbys, labelled so", async () => {
    const pods = await Promise.all(target.pods.map(readPod));
    const roles = await Promise.all(target.pods.map((pod) => query(pod, "SELECT @@GLOBAL.dolt_cluster_role AS value")));

    expect(pods.map(isReady)).toEqual([true, true, true]);
    expect(roles).toEqual(["primary", "standby", "standby"]);
    expect(pods.map((pod) => pod.metadata?.labels?.[ROLE_LABEL])).toEqual(roles);
  });

  it("leads a write through the Service of the primary, and replicates it", async () => {
    const service = await core.readNamespacedService({ namespace: NAMESPACE, name: roleService("orders", "rw") });
    const host = service.spec?.clusterIP ?? "";
    await withConnection({ host, port: SQL_PORT }, (connection) =>
      connection.query("INSERT INTO app.t VALUES (1, 'through the Service')"),
    );

    for (const standby of ["orders-1", "orders-2"]) {
      await rowArrives(standby, 1, "through the Service");
    }
  });

  it("brings a deleted pod back with another address, the same volume, and replication", async () => {
    const before = await readPod("orders-1");
    await core.deleteNamespacedPod({ namespace: NAMESPACE, name: "orders-1" });
    const after = await until(
      async () => {
        const pod = await readPod("orders-1");
        return pod.metadata?.uid !== before.metadata?.uid && isReady(pod) ? pod : null;
      },
      { what: "orders-1 is another pod, and ready", deadlineMs: DEADLINE_MS },
    );

    expect(after.status?.podIP).not.toBe(before.status?.podIP);
    expect(await query("orders-1", "SELECT v AS value FROM app.t WHERE id = 1")).toBe("through the Service");
    await query("orders-0", "INSERT INTO app.t VALUES (2, 'after the restart')");
    await rowArrives("orders-1", 2, "after the restart");
  });

  it("freezes a server, so that nothing answers, and thaws it", async () => {
    await target.faults.freeze("orders-2");
    await expect(query("orders-2", "SELECT 1 AS value", 1_000)).rejects.toThrow(/timeout|ETIMEDOUT/i);

    await target.faults.thaw("orders-2");
    await expect(query("orders-2", "SELECT 1 AS value")).resolves.toBe(1);
  });

  it("starts a killed server again in the same pod", async () => {
    const before = await readPod("orders-2");
    await target.faults.kill("orders-2");
    await until(async () => (restarts(await readPod("orders-2")) > restarts(before) ? true : null), {
      what: "the kubelet has started orders-2 again",
      deadlineMs: DEADLINE_MS,
    });

    expect((await readPod("orders-2")).metadata?.uid).toBe(before.metadata?.uid);
  });

  it("keeps a server in a crash loop until it is healed", async () => {
    await target.faults.crashLoop("orders-2", true);
    await until(async () => (waitingReason(await readPod("orders-2")) === "CrashLoopBackOff" ? true : null), {
      what: "the kubelet says CrashLoopBackOff of orders-2",
      deadlineMs: DEADLINE_MS,
    });

    await target.faults.heal();
    await until(async () => (isReady(await readPod("orders-2")) ? true : null), {
      what: "orders-2 is ready again",
      deadlineMs: DEADLINE_MS,
    });
  });

  it("leaves no process, mount, network, control group or file behind, and can be started again at once", async () => {
    const traces = await tracesOf(cluster);
    await cluster.close();
    expect(await remains(traces)).toEqual([]);

    const second = await startWholeCluster();
    const tracesOfSecond = await tracesOf(second);
    await second.close();
    expect(await remains(tracesOfSecond)).toEqual([]);
  });

  it("leaves nothing behind when its start is broken off", async () => {
    await expect(startWholeCluster({ signal: AbortSignal.timeout(BREAK_OFF_MS) })).rejects.toThrow();
    const own = join(tmpdir(), `handover-cluster-${process.pid}-`);

    expect(await remains({ folder: own, link: null, containers: [] })).toEqual([]);
    expect((await readdir(tmpdir())).filter((name) => join(tmpdir(), name).startsWith(own))).toEqual([]);
  });

  it("leaves nothing behind when its process is asked to end", async () => {
    const { child, traces } = await clusterOfAnotherProcess();
    child.kill("SIGTERM");
    await once(child, "exit");

    expect(await remains(traces)).toEqual([]);
  });

  it("ends when its process is killed, and what that leaves is removed by the next start", async () => {
    const { child, traces } = await clusterOfAnotherProcess();
    await killAndWait(child);
    await until(async () => ((await remains({ ...traces, containers: [] })).length === 1 ? true : null), {
      what: "nothing but the folder and control groups is left",
      deadlineMs: DEADLINE_MS,
      explain: async () => (await remains(traces)).join("\n"),
    });
    expect(existsSync(traces.folder)).toBe(true);

    const next = await startWholeCluster();
    await next.close();
    expect(await remains(traces)).toEqual([]);
  });

  const readPod = (pod: string): Promise<V1Pod> => core.readNamespacedPod({ namespace: NAMESPACE, name: pod });

  const query = async (pod: string, sql: string, timeoutMs?: number): Promise<unknown> =>
    withConnection(
      await target.address(pod),
      async (connection) => {
        const [rows] = await connection.query<RowDataPacket[]>(sql);
        return rows[0]?.value;
      },
      timeoutMs,
    );

  async function withConnection<T>(
    address: { host: string; port: number },
    use: (connection: Connection) => Promise<T>,
    connectTimeout = 10_000,
  ): Promise<T> {
    const connection = await createConnection({ ...address, user: ROOT_USER, password, connectTimeout });
    try {
      return await use(connection);
    } finally {
      connection.destroy();
    }
  }

  const rowArrives = (pod: string, id: number, value: string) =>
    until(async () => ((await query(pod, `SELECT v AS value FROM app.t WHERE id = ${id}`)) === value ? true : null), {
      what: `row ${id} is on ${pod}`,
      deadlineMs: DEADLINE_MS,
    });
});

function isReady(pod: V1Pod): boolean {
  return pod.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") ?? false;
}

function waitingReason(pod: V1Pod): string | undefined {
  return pod.status?.containerStatuses?.[0]?.state?.waiting?.reason;
}

function restarts(pod: V1Pod): number {
  return pod.status?.containerStatuses?.[0]?.restartCount ?? 0;
}

/** By what a cluster's leftovers would be known. */
interface Traces {
  readonly folder: string;
  /** Null where it is not known. */
  readonly link: string | null;
  readonly containers: readonly string[];
}

async function tracesOf({ folder, network }: Pick<WholeCluster, "folder" | "network">): Promise<Traces> {
  return { folder, link: network.link, containers: await knownContainers(folder) };
}

/** Starts a cluster in a process of its own. */
async function clusterOfAnotherProcess(): Promise<{ child: ChildProcess; traces: Traces }> {
  const module = pathToFileURL(join(import.meta.dirname, "whole-cluster.ts")).href;
  const script = `import { startWholeCluster } from ${JSON.stringify(module)};
    const { folder, network } = await startWholeCluster();
    console.log(JSON.stringify({ folder, network }));`;
  const child = spawnTied(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const line = await waitForLine(child, (text) => text.startsWith("{"), START_DEADLINE_MS);
  const said = z.object({ folder: z.string(), network: z.object({ link: z.string() }) }).parse(JSON.parse(line));
  const containers = await knownContainers(said.folder);
  return { child, traces: { folder: said.folder, link: said.network.link, containers } };
}

/** What a cluster has left on this machine, in words. */
async function remains({ folder, link, containers }: Traces): Promise<string[]> {
  const found: string[] = [];
  if (existsSync(folder)) {
    found.push(`the folder ${folder}`);
  }
  if ((await readFile("/proc/self/mounts", "utf8")).includes(folder)) {
    found.push(`mounts below ${folder}`);
  }
  if (link !== null && (await command("ip", ["-brief", "link", "show"])).includes(link)) {
    found.push(`the network interface ${link}`);
  }
  for (const hierarchy of await readdir("/sys/fs/cgroup")) {
    const left = containers.filter((id) => existsSync(join("/sys/fs/cgroup", hierarchy, "k8s.io", id)));
    found.push(...left.map((id) => `the control group of container ${id} in ${hierarchy}`));
  }
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    const commandLine = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
    if (commandLine.includes(folder)) {
      found.push(`process ${pid}: ${commandLine.replaceAll("\0", " ")}`);
    }
  }
  return found;
}
