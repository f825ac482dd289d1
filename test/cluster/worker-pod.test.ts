import { once } from "node:events";
import { createServer } from "node:http";
import { KubeConfig } from "@kubernetes/client-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { wholeClusterUnavailable } from "./availability.ts";
import { nodeImage } from "./images/project-image.ts";
import { until } from "./machine/until.ts";
import { startWholeCluster, type WholeCluster } from "./whole-cluster.ts";
import { startWorkerPod } from "./worker-pod.ts";

const DEADLINE_MS = 60_000;
const unavailable = await wholeClusterUnavailable();

/**
 * Stands where the worker will: asks the API server, by its name in the cluster and as the service account, what the
 * Role allows and what it does not, and tells a server of the test.
 */
const PROBE = `
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { request } from "node:https";
const account = "/var/run/secrets/kubernetes.io/serviceaccount";
const ask = (path) => new Promise((resolve, reject) => {
  const headers = { authorization: "Bearer " + readFileSync(account + "/token", "utf8") };
  const ca = readFileSync(account + "/ca.crt");
  request({ host: "kubernetes.default.svc", path, headers, ca }, (response) => {
    response.resume();
    resolve(response.statusCode);
  }).once("error", reject).end();
});
const configuration = readFileSync(process.env.HANDOVER_CONFIG, "utf8");
const allowed = await ask("/api/v1/namespaces/shop/pods");
const forbidden = await ask("/api/v1/namespaces/shop/secrets");
await fetch(process.env.REPORT_URL, { method: "POST", body: JSON.stringify({ allowed, forbidden, user: process.getuid(), configuration }) });
process.once("SIGTERM", () => process.exit(0));
createServer((request, response) => response.end()).listen(8080);
`;

describe.skipIf(unavailable !== null)(`a worker's pod${unavailable === null ? "" : ` (${unavailable})`}`, () => {
  let cluster: WholeCluster;
  const reports: string[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (text: string) => {
      body += text;
    });
    request.once("end", () => {
      reports.push(body);
      response.end();
    });
  });

  beforeAll(async () => {
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    cluster = await startWholeCluster();
  });

  afterAll(async () => {
    await cluster?.close();
    server.closeAllConnections();
    server.close();
  });

  it("reaches the API server by name with its Role's rights, and a server of the test through a relay", async () => {
    const kubeConfig = new KubeConfig();
    kubeConfig.loadFromString(cluster.kubeconfig);
    const image = await nodeImage({
      name: "handover.test/probe:1",
      copies: new Map(),
      texts: new Map([["/app/probe.mjs", { text: PROBE, mode: 0o644 }]]),
      entrypoint: ["node", "/app/probe.mjs"],
    });
    await cluster.addImage(image);
    const address = server.address();
    const relay = await cluster.relay({ port: typeof address === "object" && address !== null ? address.port : 0 });

    const worker = await startWorkerPod(cluster, kubeConfig, {
      clusterName: "test",
      configuration: "version: 1",
      secrets: { redisUrl: "redis://127.0.0.1", slackBotToken: "xoxb-test", clusterKey: "none" },
      environment: { REPORT_URL: `http://${relay.host}:${relay.port}/` },
      targetNamespaces: ["shop"],
      credentialsSecrets: ["orders-credentials"],
      standIn: { image: image.name, command: ["node", "probe.mjs"] },
    });
    const report = await until(async () => reports[0], {
      what: "the pod has told what it saw",
      deadlineMs: DEADLINE_MS,
      explain: worker.logs,
    });
    expect(JSON.parse(report)).toEqual({ allowed: 200, forbidden: 403, user: 1000, configuration: "version: 1" });

    await worker.kill();
    await until(async () => reports[1], { what: "the killed process runs again", deadlineMs: DEADLINE_MS });
    await worker.scale(0);
    await expect(worker.pod()).rejects.toThrow("no pod");
  });
});
