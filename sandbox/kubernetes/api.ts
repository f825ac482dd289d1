import { once } from "node:events";
import { createServer, type Server } from "node:https";
import type { Socket } from "node:net";
import { Authorizer } from "./access/authorizer.ts";
import { Users } from "./access/users.ts";
import { startControllers } from "./controllers/controllers.ts";
import type { Controller } from "./controllers/follow.ts";
import { Faults, plannedFailure, type RequestMatcher } from "./faults.ts";
import { kubeconfigText } from "./kubeconfig.ts";
import type { PodLogSource } from "./requests/pod-subresources.ts";
import { Reads } from "./requests/read.ts";
import { Watches } from "./requests/watch.ts";
import { NAMESPACES } from "./resources.ts";
import { requestListener } from "./server.ts";
import { ObjectStore } from "./store/object-store.ts";
import { Registry } from "./store/registry.ts";
import { selfSignedCertificate } from "./tls/certificate.ts";

export interface KubernetesApiOptions {
  /** Default 0: a free one. */
  readonly port?: number;
  /** Whether the controllers run: StatefulSets, Deployments, disruption budgets, garbage collection, namespaces. Default true. */
  readonly controllers?: boolean;
  /** How many writes of each resource watches can go back. Default 1000. */
  readonly historySize?: number;
  /** How often a watch that allows them gets a bookmark. Default 60 000, as of a real server. */
  readonly bookmarkIntervalMs?: number;
  /** Source of `pods/NAME/log`; without one such a request is refused. */
  readonly podLogs?: PodLogSource;
  /** Told of failures of controllers; default `console.error`. */
  readonly onError?: (message: string, cause: unknown) => void;
}

/** A Kubernetes API in this process. */
export interface KubernetesApi {
  readonly url: string;
  readonly caPem: string;
  /** Kubeconfig (YAML text) of this user; of an administrator when none is given. */
  kubeconfig(user?: { readonly name: string; readonly groups?: readonly string[] }): string;
  /** Every token that was given to this user stops working. */
  revoke(userName: string): void;
  /** The objects, for tests that want to look or write past the network. */
  readonly registry: Registry;
  readonly faults: KubernetesFaults;
  /** Cuts every connection and stops the controllers. Safe to call twice. */
  close(): Promise<void>;
}

export interface KubernetesFaults {
  /** Nothing is answered and no watch sends anything until `resume`; requests that came meanwhile are then served. */
  pause(): void;
  resume(): void;
  /** Refuses the next requests that match, by default one. */
  failNext(matcher: RequestMatcher, code: number, times?: number): void;
  /** Cuts every open watch. */
  dropWatches(): void;
  /** From every resourceVersion and continue token known so far, no watch and no list can go on: 410. */
  expireHistory(): void;
}

const ADDRESS = "127.0.0.1";
const NAMES = [ADDRESS, "localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"];
/** Longer than clients keep theirs, so that it is never the server that closes a connection just as a request is sent. */
const KEEP_ALIVE_MS = 300_000;
const FIRST_NAMESPACES = ["default", "kube-node-lease", "kube-public", "kube-system"];

export async function startKubernetesApi(options: KubernetesApiOptions = {}): Promise<KubernetesApi> {
  const store = new ObjectStore(options.historySize ?? 1000);
  const registry = new Registry(store);
  for (const name of FIRST_NAMESPACES) {
    registry.create(NAMESPACES, undefined, { metadata: { name } });
  }
  const users = new Users();
  const faults = new Faults();
  const reads = new Reads(registry);
  const bookmarkIntervalMs = options.bookmarkIntervalMs ?? 60_000;
  const watches = new Watches({ store, bookmarkIntervalMs, isPaused: () => faults.isPaused });
  const authorizer = new Authorizer(store);
  const { certificatePem, privateKeyPem } = selfSignedCertificate("handover-sandbox", NAMES);
  const server = createServer(
    { cert: certificatePem, key: privateKeyPem, keepAliveTimeout: KEEP_ALIVE_MS },
    requestListener({ registry, reads, watches, authorizer, podLogs: options.podLogs, users, faults }),
  );
  const sockets = new Set<Socket>();
  // Also those whose TLS handshake is not over: the server does not count them among its connections yet.
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  const url = `https://${ADDRESS}:${await listen(server, options.port ?? 0)}`;
  const onError = options.onError ?? console.error;
  const controllers = (options.controllers ?? true) ? startControllers(registry, onError) : undefined;
  return {
    url,
    caPem: certificatePem,
    kubeconfig: ({ name, groups = [] } = { name: "admin", groups: ["system:masters"] }) =>
      kubeconfigText({ server: url, certificateAuthority: certificatePem, token: users.issue(name, groups) }),
    revoke: (userName) => users.revoke(userName),
    registry,
    faults: {
      pause: () => faults.pause(),
      resume: () => {
        faults.resume();
        watches.resume();
      },
      failNext: (matcher, code, times = 1) => faults.failNext(matcher, plannedFailure(code), times),
      dropWatches: () => watches.drop(),
      expireHistory: () => {
        store.expireHistory();
        reads.expire();
      },
    },
    close: () => close(server, sockets, controllers),
  };
}

async function listen(server: Server, port: number): Promise<number> {
  server.listen(port, ADDRESS);
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") {
    throw new Error("the Kubernetes API listens, but has no port");
  }
  return address.port;
}

async function close(server: Server, sockets: ReadonlySet<Socket>, controllers: Controller | undefined): Promise<void> {
  controllers?.stop();
  if (server.listening) {
    const closed = once(server, "close");
    server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  }
}
