import { access } from "node:fs/promises";
import { CoreV1Api, KubeConfig } from "@kubernetes/client-node";
import { createConnection } from "mysql2/promise";
import { expect, onTestFinished, test, vi } from "vitest";
import { startSandboxCluster } from "../../sandbox/cluster.ts";
import { until } from "../support/until.ts";
import { sandboxClusterSuite } from "./sandbox-cluster.suite.ts";

sandboxClusterSuite("simulated servers", {});

test("a binary that cannot be run is told, and nothing is left of the start", async () => {
  const binary = "/nowhere/dolt";
  await expect(startSandboxCluster({ doltBinary: binary })).rejects.toThrow(`${binary} is no program that can be run`);
});

test("the node goes on after every watch was cut and the history forgotten, and after a silence", async () => {
  const cluster = await startSandboxCluster();
  onTestFinished(() => cluster.close());
  const target = await cluster.createDoltTarget({ namespace: "shop", name: "orders", replicas: 2, databases: [] });
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromString(cluster.kubeconfig);
  const core = kubeConfig.makeApiClient(CoreV1Api);
  const read = () => core.readNamespacedPod({ namespace: "shop", name: "orders-1" });

  cluster.apiFaults.pause();
  await target.faults.kill("orders-1");
  cluster.apiFaults.resume();
  await until("the restart is told", async () => (await read()).status?.containerStatuses?.[0]?.restartCount === 1);

  const before = (await read()).metadata?.uid;
  // The node tells of each watch that was cut.
  const told = vi.spyOn(console, "error").mockImplementation(() => undefined);
  onTestFinished(() => told.mockRestore());
  cluster.apiFaults.expireHistory();
  cluster.apiFaults.dropWatches();
  await core.deleteNamespacedPod({ namespace: "shop", name: "orders-1" });
  await until("another pod runs in its place", async () => {
    const { items } = await core.listNamespacedPod({ namespace: "shop", fieldSelector: "metadata.name=orders-1" });
    const [pod] = items;
    return pod?.status?.containerStatuses?.[0]?.ready === true && pod.metadata?.uid !== before;
  });
});

test("closing leaves no file, no socket and no timer", async () => {
  const resources = () => process.getActiveResourcesInfo().filter((kind) => kind === "TCPServerWrap").length;
  const before = resources();
  const cluster = await startSandboxCluster();
  const target = await cluster.createDoltTarget({ namespace: "shop", name: "orders", replicas: 2, databases: [] });
  const address = await target.address("orders-0");
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromString(cluster.kubeconfig);
  const core = kubeConfig.makeApiClient(CoreV1Api);
  const set = await core.readNamespacedPod({ namespace: "shop", name: "orders-0" });
  const folder = set.spec?.volumes?.find(({ name }) => name === "data")?.hostPath?.path ?? "";
  await access(folder);
  await cluster.close();
  await cluster.close();
  await expect(access(folder)).rejects.toThrow();
  await expect(createConnection({ ...address, connectTimeout: 1_000 })).rejects.toThrow();
  await until("every listener is gone", async () => resources() === before);
});
