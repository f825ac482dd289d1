import { ApiException, CoreV1Api, KubeConfig, makeInformer, type V1ConfigMap } from "@kubernetes/client-node";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type KubernetesApi, startKubernetesApi } from "../../../sandbox/kubernetes/api.ts";
import { refusal } from "../../conformance/kubernetes/support/subject.ts";
import { watched } from "../../conformance/kubernetes/support/watched.ts";
import { until } from "../../support/until.ts";

describe("faults of the embedded API", () => {
  const namespace = "default";
  const path = "/api/v1/namespaces/default/configmaps";
  let api: KubernetesApi;
  let kubeConfig: KubeConfig;
  let core: CoreV1Api;

  beforeEach(async () => {
    api = await startKubernetesApi({
      historySize: 3,
      bookmarkIntervalMs: 20,
      podLogs: ({ name }, { container, tailLines }) => `${name} ${container} ${tailLines}\n`,
    });
    kubeConfig = new KubeConfig();
    kubeConfig.loadFromString(api.kubeconfig());
    core = kubeConfig.makeApiClient(CoreV1Api);
  });
  afterEach(() => api.close());

  const create = (name: string) => core.createNamespacedConfigMap({ namespace, body: { metadata: { name } } });

  test("a version older than the history is Expired, told within the stream", async () => {
    const first = await create("first");
    for (const name of ["a", "b", "c", "d"]) await create(name);
    await using watch = await watched(kubeConfig, path, { resourceVersion: first.metadata?.resourceVersion ?? "" });
    expect((await watch.first("ERROR")).object).toMatchObject({ kind: "Status", code: 410, reason: "Expired" });
    await until("the watch has ended", async () => watch.ended());
  });

  test("an informer gets over a history that has expired", async () => {
    await create("before");
    const informer = makeInformer<V1ConfigMap>(kubeConfig, path, () => core.listNamespacedConfigMap({ namespace }));
    const seen: string[] = [];
    informer.on("add", (object) => seen.push(object.metadata?.name ?? ""));
    try {
      await informer.start();
      await until("it sees what there is", async () => seen.includes("before"));
      api.faults.expireHistory();
      api.faults.dropWatches();
      await create("after");
      await informer.stop();
      await informer.start();
      await until("it sees what came later", async () => seen.includes("after"));
    } finally {
      await informer.stop();
    }
  });

  test("a page that was to follow is Expired", async () => {
    await create("a");
    await create("b");
    const { metadata } = await core.listNamespacedConfigMap({ namespace, limit: 1 });
    api.faults.expireHistory();
    const next = core.listNamespacedConfigMap({ namespace, limit: 1, _continue: metadata?._continue ?? "" });
    expect(await refusal(next)).toMatchObject({ code: 410, reason: "Expired" });
  });

  test("while paused nothing is answered or sent, and afterwards everything", async () => {
    await using watch = await watched(kubeConfig, path, {});
    api.faults.pause();
    const creation = create("late");
    const first = await Promise.race([creation.then(() => "answered"), waitForTurns().then(() => "waiting")]);
    expect(first).toBe("waiting");
    expect(watch.events).toEqual([]);
    api.faults.resume();
    await creation;
    await watch.first("ADDED", "late");
  });

  test("the next request that matches is refused, those after it are not", async () => {
    api.faults.failNext({ method: "POST", path: /configmaps$/ }, 503);
    expect((await core.listNamespacedConfigMap({ namespace })).items).toEqual([]);
    expect(await refusal(create("a"))).toMatchObject({ code: 503, reason: "ServiceUnavailable" });
    await create("a");
  });

  test("a watch that is dropped ends without a word", async () => {
    await using watch = await watched(kubeConfig, path, {});
    api.faults.dropWatches();
    await until("the watch has ended", async () => watch.ended());
  });

  test("bookmarks come at the interval asked for, once something is new", async () => {
    const { metadata } = await create("known");
    const query = { resourceVersion: metadata?.resourceVersion ?? "", allowWatchBookmarks: true };
    await using watch = await watched(kubeConfig, path, query);
    await core.createNamespacedSecret({ namespace, body: { metadata: { name: "elsewhere" } } });
    const { object } = await watch.first("BOOKMARK");
    expect(Number(object.metadata.resourceVersion)).toBeGreaterThan(Number(metadata?.resourceVersion));
  });

  test("a token that is revoked stops working", async () => {
    const theirs = new KubeConfig();
    theirs.loadFromString(api.kubeconfig({ name: "leaver", groups: ["system:masters"] }));
    const client = theirs.makeApiClient(CoreV1Api);
    await client.listNamespace();
    api.revoke("leaver");
    await expect(client.listNamespace()).rejects.toSatisfy(
      (error) => error instanceof ApiException && error.code === 401,
    );
    await core.listNamespace();
  });

  test("a pod's log comes from its source", async () => {
    const spec = { containers: [{ name: "main", image: "x:1" }] };
    await core.createNamespacedPod({ namespace, body: { metadata: { name: "pod" }, spec } });
    const log = await core.readNamespacedPodLog({ namespace, name: "pod", container: "main", tailLines: 5 });
    expect(log).toBe("pod main 5\n");
  });
});

/** Long enough for a request over loopback to be answered many times over. */
async function waitForTurns(): Promise<void> {
  for (let turn = 0; turn < 2_000; turn += 1) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}
