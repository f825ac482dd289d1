import { readFile } from "node:fs/promises";
import type { KubeConfig } from "@kubernetes/client-node";
import { z } from "zod";
import type { Scenario } from "../support/scenario.ts";
import { until } from "./machine/until.ts";
import type { WholeCluster } from "./whole-cluster.ts";
import { startWorkerPod, type WorkerPod } from "./worker-pod.ts";

const environmentSchema = z.object({
  REDIS_URL: z.string(),
  SLACK_BOT_TOKEN: z.string(),
  SLACK_API_URL: z.string(),
  HANDOVER_CONFIG: z.string(),
  HANDOVER_CLUSTER: z.string(),
  HANDOVER_CLUSTER_KEY: z.string(),
  HANDOVER_LEASE_SECONDS: z.string(),
});

const SEEN_DEADLINE_MS = 60_000;

/**
 * Runs the worker of a scenario as a pod of the cluster, where the scenario would run it as a process: the same settings,
 * with Redis and Slack behind relays. Resolves once it has told the edge that it sees the target.
 */
export async function startScenarioWorker(
  cluster: WholeCluster,
  kubeConfig: KubeConfig,
  scenario: Scenario,
): Promise<WorkerPod> {
  const settings = environmentSchema.parse(scenario.system.environment);
  const { namespace, name } = scenario.target;
  const worker = await startWorkerPod(cluster, kubeConfig, {
    clusterName: settings.HANDOVER_CLUSTER,
    configuration: await readFile(settings.HANDOVER_CONFIG, "utf8"),
    secrets: {
      redisUrl: await relayed(cluster, settings.REDIS_URL),
      slackBotToken: settings.SLACK_BOT_TOKEN,
      clusterKey: settings.HANDOVER_CLUSTER_KEY,
    },
    environment: {
      SLACK_API_URL: await relayed(cluster, settings.SLACK_API_URL),
      HANDOVER_LEASE_SECONDS: settings.HANDOVER_LEASE_SECONDS,
    },
    targetNamespaces: [namespace],
    credentialsSecrets: [`${name}-credentials`],
  });
  await until(
    async () => {
      const logs = await worker.logs();
      return logs.includes("targets seen") && logs.includes(`${settings.HANDOVER_CLUSTER}/${namespace}/${name}`)
        ? true
        : null;
    },
    { what: `the worker sees ${namespace}/${name}`, deadlineMs: SEEN_DEADLINE_MS, explain: worker.logs },
  );
  return worker;
}

/** The same address, as pods reach it. */
async function relayed(cluster: WholeCluster, address: string): Promise<string> {
  const url = new URL(address);
  const relay = await cluster.relay({ host: url.hostname, port: Number(url.port) });
  url.hostname = relay.host;
  url.port = String(relay.port);
  return url.href;
}
