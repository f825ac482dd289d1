import { KubernetesApi } from "../../src/adapters/kubernetes/api.ts";
import { PooledKubeConfig } from "../../src/adapters/kubernetes/pooled-kube-config.ts";
import type { SandboxCluster } from "../cluster.ts";
import type { CrateTarget } from "../crate-target.ts";
import type { DoltTarget } from "../handle.ts";
import { startSlack } from "../slack/workspace.ts";
import { type RunningProcess, System } from "../system.ts";
import { DatabaseOfTarget } from "./database-of-target.ts";
import { DemoWorker } from "./demo-worker.ts";
import { type DemoOptions, portSettings } from "./options.ts";
import { demandFreePorts } from "./ports.ts";
import { openRedis } from "./redis.ts";
import type { Resources } from "./resources.ts";
import { crateTarget, namespace, policy, targets } from "./seed.ts";
import { Writer } from "./writer.ts";

export interface Demo {
  /** Address of the Slack page. */
  readonly pageUrl: string;
  /** Path of a kubeconfig for the demo's cluster. */
  readonly kubeconfigPath: string;
  readonly targets: readonly DoltTarget[];
  readonly crate: CrateTarget;
  readonly worker: DemoWorker;
}

export type StartCluster = (options: Pick<DemoOptions, "dolt">) => Promise<SandboxCluster>;

export interface DemoSurroundings {
  readonly startCluster: StartCluster;
  /** Keeps whatever is started; closing it ends the demo, also in the middle of its start. */
  readonly resources: Resources;
  /** Told one line at a time what happens while the demo runs. */
  readonly tell: (line: string) => void;
}

/**
 * Starts Redis, Slack, the cluster, the edge, the worker, the targets and their applications, side by side where they can be.
 * @throws {Error} when a port is taken (named, with how to set another) or something does not start
 */
export async function startDemo(options: DemoOptions, surroundings: DemoSurroundings): Promise<Demo> {
  const { resources, startCluster, tell } = surroundings;
  await demandFreePorts([
    { port: options.slackPort, user: "the Slack page", setting: portSettings.slack },
    { port: options.edgePort, user: "Handover's edge", setting: portSettings.edge },
  ]);
  const [redis, slack, cluster] = await Promise.all([
    resources.add(openRedis(options.redisUrl), (one) => one.close()),
    resources.add(startSlack({ port: options.slackPort }), (one) => one.close()),
    resources.add(startCluster(options), (one) => one.close()),
  ]);
  const system = await resources.add(
    System.prepare({
      slack,
      redisUrl: redis.url,
      kubeconfig: cluster.kubeconfig,
      namespaces: [namespace],
      cluster: redis.cluster,
      policy,
      edgePort: options.edgePort,
    }),
    (one) => one.close(),
  );
  const sees = [...targets, crateTarget].map(({ name }) => `${namespace}/${name}`);
  const worker = new DemoWorker(system, sees, (process) => tellEnd("The worker", process, tell));
  const [edge, , created, crate] = await Promise.all([
    system.startEdge(),
    worker.start(),
    Promise.all(targets.map((spec) => cluster.createDoltTarget(spec))),
    cluster.createCrateTarget(crateTarget),
  ]);
  tellEnd("The edge", edge, tell);
  await startWriters(cluster.kubeconfig, surroundings);
  return { pageUrl: slack.url, kubeconfigPath: system.environment.KUBECONFIG ?? "", targets: created, crate, worker };
}

async function startWriters(kubeconfig: string, { resources, tell }: DemoSurroundings): Promise<void> {
  const kubeConfig = new PooledKubeConfig();
  kubeConfig.loadFromString(kubeconfig);
  await resources.add(Promise.resolve(kubeConfig), (one) => one.close());
  const api = new KubernetesApi(kubeConfig);
  for (const { name, writesTo } of targets) {
    const cluster = new DatabaseOfTarget(api, namespace, name);
    const writer = Writer.start({ target: name, database: writesTo, cluster, tell });
    await resources.add(Promise.resolve(writer), (one) => one.close());
  }
}

function tellEnd(name: string, process: RunningProcess, tell: (line: string) => void): void {
  void process.ended.then((how) => tell(`${name} has ended (${how}). It printed: ${process.printed.slice(-2_000)}`));
}
