import { CoreV1Api, KubeConfig } from "@kubernetes/client-node";
import { expect, onTestFinished, test } from "vitest";
import { startKubernetesApi } from "../../../sandbox/kubernetes/api.ts";
import { NodeAgent } from "../../../sandbox/node-agent/agent.ts";
import type { ContainerExit, ContainerRuntime } from "../../../sandbox/node-agent/runtime.ts";
import { until } from "../../support/until.ts";

const namespace = "default";
const name = "orders-0";

test("a pod replaced by another of its name while its container still ends is no problem to tell", async () => {
  const { core, runtime, problems } = await runningNode();
  const first = await createPod(core);
  await untilRunning(core, first);

  await core.deleteNamespacedPod({ namespace, name, gracePeriodSeconds: 0 });
  const second = await createPod(core);
  // Only now does the first one's end come to be reported.
  runtime.letContainersEnd();

  await untilRunning(core, second);
  expect(problems).toEqual([]);
});

/** A node whose containers run until they are told to end, and until the test lets them. */
async function runningNode() {
  const api = await startKubernetesApi({ controllers: false });
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromString(api.kubeconfig());
  const runtime = new StubbornRuntime();
  const problems: string[] = [];
  const onError = (message: string) => void problems.push(message);
  const agent = await NodeAgent.start({ kubeConfig, runtime, folder: "/nowhere", onError });
  onTestFinished(async () => {
    runtime.letContainersEnd();
    await agent.close();
    await api.close();
  });
  return { core: kubeConfig.makeApiClient(CoreV1Api), runtime, problems };
}

/** @returns the pod's uid */
async function createPod(core: CoreV1Api): Promise<string> {
  const spec = { containers: [{ name: "dolt", image: "example.test/dolt:1" }] };
  const { metadata } = await core.createNamespacedPod({ namespace, body: { metadata: { name }, spec } });
  return metadata?.uid ?? "";
}

async function untilRunning(core: CoreV1Api, uid: string): Promise<void> {
  await until(`pod ${uid} runs`, async () => {
    const { metadata, status } = await core.readNamespacedPod({ namespace, name });
    return metadata?.uid === uid && status?.containerStatuses?.[0]?.ready;
  });
}

class StubbornRuntime implements ContainerRuntime {
  readonly #mayEnd = Promise.withResolvers<void>();

  letContainersEnd(): void {
    this.#mayEnd.resolve();
  }

  async start() {
    const told = Promise.withResolvers<void>();
    const exited = Promise.all([told.promise, this.#mayEnd.promise]).then(
      (): ContainerExit => ({ exitCode: 0, signal: null }),
    );
    return { exited, signal: () => told.resolve(), stopped: async () => undefined, ready: async () => true };
  }

  async close(): Promise<void> {}
}
