import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { onTestFinished } from "vitest";
import { KubernetesApi } from "../../../src/adapters/kubernetes/api.ts";
import { PooledKubeConfig } from "../../../src/adapters/kubernetes/pooled-kube-config.ts";

export interface ScriptedRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingMessage["headers"];
  readonly body: unknown;
}

export type Script = (request: ScriptedRequest, response: ServerResponse) => void;

export interface ScriptedApi {
  readonly api: KubernetesApi;
  readonly kubeConfig: PooledKubeConfig;
  readonly requests: readonly ScriptedRequest[];
  /** How many connections clients have opened. */
  connections(): number;
}

/** An HTTP server that answers as the script says, for what no well-behaved API server does on demand; gone at the end of the test. */
export async function startScriptedApi(
  script: Script,
  options: { callDeadlineMs?: number } = {},
): Promise<ScriptedApi> {
  const requests: ScriptedRequest[] = [];
  let connections = 0;
  const server = createServer((incoming, response) => {
    const parts: Buffer[] = [];
    incoming.on("data", (part: Buffer) => parts.push(part));
    incoming.on("end", () => {
      const text = Buffer.concat(parts).toString("utf8");
      const request = {
        method: incoming.method ?? "",
        url: new URL(incoming.url ?? "", "http://api"),
        headers: incoming.headers,
        body: text === "" ? null : (JSON.parse(text) as unknown),
      };
      requests.push(request);
      script(request, response);
    });
  });
  server.on("connection", () => {
    connections += 1;
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  const kubeConfig = new PooledKubeConfig();
  // client-node takes http:// only together with skipTLSVerify.
  const cluster = { name: "scripted", server: `http://127.0.0.1:${address.port}`, skipTLSVerify: true };
  kubeConfig.loadFromClusterAndUser(cluster, { name: "tester", token: "secret-token" });
  const api = new KubernetesApi(kubeConfig, options);
  onTestFinished(async () => {
    await api.close();
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  });
  return { api, kubeConfig, requests, connections: () => connections };
}

export function answer(response: ServerResponse, code: number, body: object): void {
  response.writeHead(code, { "content-type": "application/json" }).end(JSON.stringify(body));
}

export function statefulSetList(
  names: readonly string[],
  metadata: { resourceVersion: string; continue?: string },
): object {
  return { kind: "StatefulSetList", apiVersion: "apps/v1", metadata, items: names.map(announcing) };
}

export function announcing(name: string): object {
  const annotations = { "handover.dev/engine": "dolt", "handover.dev/name": name };
  return {
    kind: "StatefulSet",
    apiVersion: "apps/v1",
    metadata: { name, namespace: "shop", uid: name, resourceVersion: "1", annotations },
  };
}
