import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { z } from "zod";
import type { Clock } from "../../src/ports/clock.ts";
import { CrateSqlError, sqlErrors } from "./engine/errors.ts";
import { type ExecuteResult, execute } from "./engine/execute.ts";
import type { Job } from "./engine/jobs.ts";
import type { LocalNode, SimulatedCrateCluster } from "./model/cluster.ts";
import type { CrateNodeSpec } from "./model/types.ts";
import { LoginError } from "./model/users.ts";
import { parseStatement } from "./sql/parser.ts";

export interface SimulatedCrateNodeOptions {
  readonly cluster: SimulatedCrateCluster;
  readonly clock: Clock;
  readonly spec: Omit<CrateNodeSpec, "restUrl">;
  /** Jobs of all nodes of the cluster, by their ids. */
  readonly jobs: Map<string, Job>;
  readonly host: string;
  /** 0: a free one. */
  readonly port: number;
}

/** How often a statement that waits looks at the clock again. */
const waitMs = 20;

/** A node that leaves waits no longer than this for those who still wait for it. */
const mostAnsweringMs = 100;

const bodySchema = z.object({
  stmt: z.string(),
  args: z.array(z.unknown()).optional(),
  bulk_args: z.array(z.array(z.unknown())).optional(),
});

/** One node of a simulated cluster: CrateDB's HTTP endpoint, `POST /_sql`, on an address of its own. */
export class SimulatedCrateNode {
  readonly #options: SimulatedCrateNodeOptions;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #answering = new Set<Promise<void>>();
  readonly #life = new AbortController();
  readonly #left = Promise.withResolvers<void>();
  #thawed = Promise.withResolvers<void>();
  #local: LocalNode | null = null;
  #port = 0;

  private constructor(options: SimulatedCrateNodeOptions) {
    this.#options = options;
    this.#thawed.resolve();
    this.#server = createServer((request, response) => {
      const answering = this.#serve(request, response).finally(() => this.#answering.delete(answering));
      this.#answering.add(answering);
    });
    this.#server.on("connection", (socket) => {
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
    });
  }

  /** Listens and joins its cluster. Rejects when the port is taken. */
  static async start(options: SimulatedCrateNodeOptions): Promise<SimulatedCrateNode> {
    const node = new SimulatedCrateNode(options);
    await node.#listen();
    return node;
  }

  get id(): string {
    return this.#options.cluster.idOf(this.#options.spec.name);
  }

  get address(): { readonly host: string; readonly port: number } {
    return { host: this.#options.host, port: this.#port };
  }

  /** Resolves when it has ended by itself, with exit code 0: it was decommissioned. */
  get left(): Promise<void> {
    return this.#left.promise;
  }

  /** Connections stay open, nothing is answered. */
  freeze(): void {
    if (this.#local === null || this.#local.frozenSinceMs !== null) return;
    this.#thawed = Promise.withResolvers<void>();
    this.#options.cluster.freeze(this.#local);
  }

  thaw(): void {
    if (this.#local === null) return;
    this.#options.cluster.thaw(this.#local);
    this.#thawed.resolve();
  }

  thawed(): Promise<void> {
    return this.#thawed.promise;
  }

  /** Whether it would answer a request: as `GET /` does, which a readiness probe asks. */
  async answers(signal: AbortSignal): Promise<boolean> {
    const aborted = new Promise<boolean>((resolve) => {
      if (signal.aborted) resolve(false);
      signal.addEventListener("abort", () => resolve(false), { once: true });
    });
    return Promise.race([this.#thawed.promise.then(() => !this.#life.signal.aborted), aborted]);
  }

  /** Ends it at once; its volume stays. Resolves when its port is free. Safe to call twice. */
  async kill(): Promise<void> {
    if (!this.#life.signal.aborted) {
      this.#life.abort(new Error("the node has ended"));
      this.#thawed.resolve();
      if (this.#local !== null) this.#options.cluster.end(this.#local);
      for (const socket of this.#sockets) socket.destroy();
    }
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
  }

  async #listen(): Promise<void> {
    const { host, port, cluster, spec } = this.#options;
    const listening = Promise.withResolvers<void>();
    this.#server.once("error", listening.reject);
    this.#server.listen(port, host, () => listening.resolve());
    await listening.promise;
    const address = this.#server.address();
    this.#port = typeof address === "object" && address !== null ? address.port : 0;
    const leave = () => void this.#leave();
    this.#local = cluster.start({ ...spec, restUrl: `${host}:${this.#port}` }, leave);
  }

  /** Ends by itself, once it has answered who asked for it. */
  async #leave(): Promise<void> {
    await Promise.race([Promise.all(this.#answering), new Promise((resolve) => setTimeout(resolve, mostAnsweringMs))]);
    await this.kill();
    this.#left.resolve();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const body = await read(request);
      await this.#thawed.promise;
      const [path] = (request.url ?? "/").split("?");
      if (request.method === "GET" && path === "/") return this.#answer(response, 200, this.#greeting());
      if (path !== "/_sql") return this.#answer(response, 404, "not found");
      await this.#sql(request, response, body);
    } catch (error) {
      if (!this.#life.signal.aborted)
        this.#answer(response, 500, error instanceof Error ? error.message : String(error));
    }
  }

  #greeting(): object {
    const { cluster, spec } = this.#options;
    return { ok: true, status: 200, name: spec.name, cluster_name: cluster.name, version: { number: spec.version } };
  }

  async #sql(request: IncomingMessage, response: ServerResponse, text: string): Promise<void> {
    const startedMs = performance.now();
    try {
      const user = this.#logIn(request);
      if (request.method !== "POST") throw sqlErrors.illegal(`method ${request.method} is not supported`);
      const body = bodySchema.safeParse(parsed(text));
      if (!body.success) throw sqlErrors.syntax("Missing request body or no statement");
      const { stmt, args = [], bulk_args: bulk } = body.data;
      const results = await this.#run(stmt, bulk ?? [args], user);
      // A node that stopped meanwhile answers when it goes on.
      await this.#thawed.promise;
      const duration = performance.now() - startedMs;
      if (bulk !== undefined) {
        return this.#answer(response, 200, {
          cols: [],
          duration,
          results: results.map(({ rowcount }) => ({ rowcount })),
        });
      }
      const [{ cols, rows, rowcount } = { cols: [], rows: [], rowcount: 0 }] = results;
      this.#answer(response, 200, { cols, rows, rowcount, duration });
    } catch (error) {
      if (error instanceof LoginError) return this.#answer(response, 401, `${error.message}\n`);
      if (!(error instanceof CrateSqlError)) throw error;
      await this.#thawed.promise;
      this.#answer(response, error.status, { error: { message: error.message, code: error.code } });
    }
  }

  #logIn(request: IncomingMessage): string {
    const [, encoded = ""] = /^Basic (.*)$/.exec(request.headers.authorization ?? "") ?? [];
    const login = Buffer.from(encoded, "base64").toString("utf8");
    const at = login.indexOf(":");
    const [name, password] = at === -1 ? [login, ""] : [login.slice(0, at), login.slice(at + 1)];
    return this.#options.cluster.users.logIn(name || "crate", password).name;
  }

  async #run(stmt: string, calls: readonly (readonly unknown[])[], user: string): Promise<ExecuteResult[]> {
    const { cluster, jobs } = this.#options;
    cluster.advance();
    const statement = parseStatement(stmt);
    const job: Job = { id: randomUUID(), nodeId: this.id, startedMs: cluster.nowMs, statement: stmt, username: user };
    jobs.set(job.id, job);
    try {
      const results: ExecuteResult[] = [];
      for (const args of calls) {
        const until = (isSo: () => boolean) => this.until(isSo);
        results.push(await execute(statement, args, { cluster, user, nodeId: this.id, jobs, until }));
      }
      return results;
    } finally {
      jobs.delete(job.id);
    }
  }

  /** Resolves once it is so: looks again after each change in the cluster, and as time goes by. Rejects when the node ends. */
  async until(isSo: () => boolean): Promise<void> {
    const { cluster, clock } = this.#options;
    for (;;) {
      cluster.advance();
      if (isSo()) return;
      const woken = new AbortController();
      const ignore = cluster.onChange(() => woken.abort());
      try {
        await clock.sleep(waitMs, AbortSignal.any([woken.signal, this.#life.signal]));
      } catch (error) {
        if (!woken.signal.aborted || this.#life.signal.aborted) throw error;
      } finally {
        ignore();
      }
    }
  }

  #answer(response: ServerResponse, status: number, body: object | string): void {
    const isText = typeof body === "string";
    response.writeHead(status, { "content-type": isText ? "text/plain" : "application/json" });
    response.end(isText ? body : JSON.stringify(body));
  }
}

async function read(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString("utf8");
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
