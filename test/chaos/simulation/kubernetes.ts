import {
  createConfiguration,
  type HttpLibrary,
  Observable,
  type RequestContext,
  ResponseContext,
  ServerConfiguration,
} from "@kubernetes/client-node";
import { Authorizer } from "../../../sandbox/kubernetes/access/authorizer.ts";
import { Users } from "../../../sandbox/kubernetes/access/users.ts";
import { startControllers } from "../../../sandbox/kubernetes/controllers/controllers.ts";
import { Faults, plannedFailure } from "../../../sandbox/kubernetes/faults.ts";
import { kubeconfigText } from "../../../sandbox/kubernetes/kubeconfig.ts";
import type { Answer } from "../../../sandbox/kubernetes/requests/answer.ts";
import { Reads } from "../../../sandbox/kubernetes/requests/read.ts";
import { Watches } from "../../../sandbox/kubernetes/requests/watch.ts";
import { NAMESPACES } from "../../../sandbox/kubernetes/resources.ts";
import { answerTo } from "../../../sandbox/kubernetes/server.ts";
import { ObjectStore } from "../../../sandbox/kubernetes/store/object-store.ts";
import { Registry } from "../../../sandbox/kubernetes/store/registry.ts";
import { PooledKubeConfig } from "../../../src/adapters/kubernetes/pooled-kube-config.ts";
import type { Random } from "../random.ts";
import type { VirtualTime } from "./virtual-time.ts";

const cluster = "simulated";

/**
 * The sandbox's Kubernetes API without a socket: the project's own client speaks to it, and between them lies a network
 * that can refuse, keep silent, or lose an answer.
 */
export class SimulatedKubernetes {
  readonly registry: Registry;
  readonly #time: VirtualTime;
  readonly #random: Random;
  readonly #parts: Parameters<typeof answerTo>[0];
  readonly #controllers: { stop(): void };
  readonly #token: string;
  /** `refused`: nobody listens. `silent`: nothing is answered, nothing is done. */
  reach: "open" | "refused" | "silent" = "open";
  /** So many answers are lost from now on: what was asked is done. */
  answersToLose = 0;

  constructor(time: VirtualTime, random: Random) {
    this.#time = time;
    this.#random = random;
    const store = new ObjectStore(100);
    const registry = new Registry(store);
    this.registry = registry;
    registry.create(NAMESPACES, undefined, { metadata: { name: "default" } });
    const users = new Users();
    this.#token = users.issue("kim@example.com", ["system:masters"]);
    this.#parts = {
      registry,
      reads: new Reads(registry),
      watches: new Watches({ store, bookmarkIntervalMs: 60_000, isPaused: () => false }),
      authorizer: new Authorizer(store),
      podLogs: () => "",
      users,
      faults: new Faults(),
    };
    this.#controllers = startControllers(registry, (message, cause) => {
      throw new Error(message, { cause });
    });
  }

  /** The next requests are refused with this status. */
  failNext(times: number, code: number): void {
    this.#parts.faults.failNext({}, plannedFailure(code), times);
  }

  heal(): void {
    this.reach = "open";
    this.answersToLose = 0;
    while (this.#parts.faults.take("GET", "") !== undefined) {
      // Each is one refusal that was still to come.
    }
  }

  /** What a client of this API is made with. */
  kubeConfig(): PooledKubeConfig {
    const library: HttpLibrary = { send: (request) => new Observable(this.#send(request)) };
    const config = new SimulatedKubeConfig(library);
    config.loadFromString(
      kubeconfigText({ server: "https://simulated.invalid", certificateAuthority: "none", token: this.#token }),
    );
    return config;
  }

  stop(): void {
    this.#controllers.stop();
  }

  async #send(request: RequestContext): Promise<ResponseContext> {
    const signal = request.getSignal();
    await this.#time.sleep(this.#random.int(1, 6), signal);
    if (this.reach === "refused") throw new TypeError("fetch failed", { cause: new Error("connect ECONNREFUSED") });
    if (this.reach === "silent") await aborted(signal);
    const body = request.getBody();
    const answer = await answerTo(this.#parts, {
      method: request.getHttpMethod(),
      url: request.getUrl(),
      headers: { ...lowered(request.getHeaders()), authorization: `Bearer ${this.#token}` },
      body: async () => (typeof body === "string" ? body : ""),
    });
    await this.#time.sleep(this.#random.int(1, 6), signal);
    if (this.answersToLose > 0) {
      this.answersToLose -= 1;
      throw new TypeError("fetch failed", { cause: new Error("read ECONNRESET") });
    }
    return response(answer);
  }
}

class SimulatedKubeConfig extends PooledKubeConfig {
  readonly #library: HttpLibrary;

  constructor(library: HttpLibrary) {
    super();
    this.#library = library;
  }

  override makeApiClient: PooledKubeConfig["makeApiClient"] = (type) =>
    new type(
      createConfiguration({
        baseServer: new ServerConfiguration("https://simulated.invalid", {}),
        httpApi: this.#library,
      }),
    );
}

function response(answer: Answer): ResponseContext {
  if (answer.kind === "stream") throw new Error("nothing of the simulation watches through the client");
  const text = answer.kind === "text" ? answer.text : JSON.stringify(answer.body);
  const type = answer.kind === "text" ? "text/plain" : "application/json";
  return new ResponseContext(
    answer.code,
    { "content-type": type },
    { text: async () => text, binary: async () => Buffer.from(text), stream: () => null },
  );
}

function lowered(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

async function aborted(signal: AbortSignal | undefined): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  if (signal?.aborted) throw signal.reason;
  signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
  return await promise;
}

export { cluster as simulatedCluster };
