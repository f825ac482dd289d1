import { KubeConfig } from "@kubernetes/client-node";
import type { ClusterHandle, DoltTarget } from "../../sandbox/handle.ts";
import { type RedisServer, startRedis } from "../../sandbox/redis.ts";
import type { Message } from "../../sandbox/slack/messages.ts";
import type { Channel, Person } from "../../sandbox/slack/people.ts";
import { type SlackWorkspace, startSlack } from "../../sandbox/slack/workspace.ts";
import { type RunningProcess, System, type SystemOptions } from "../../sandbox/system.ts";
import { KubernetesApi } from "../../src/adapters/kubernetes/api.ts";
import { PooledKubeConfig } from "../../src/adapters/kubernetes/pooled-kube-config.ts";
import { KubernetesTargetLeases } from "../../src/adapters/kubernetes/target-leases.ts";
import { KubernetesWorkloads } from "../../src/adapters/kubernetes/workloads.ts";
import { connectRedis } from "../../src/adapters/redis/connection.ts";
import { ClusterKeys } from "../../src/adapters/redis/keys.ts";
import { RedisRequestStore } from "../../src/adapters/redis/request-store.ts";
import type { RequestState } from "../../src/domain/request.ts";
import type { LeaseState, WorkloadView } from "../../src/ports/workloads.ts";

const answerDeadlineMs = 60_000;

/** Slack, Redis, an edge and a worker around one Dolt target of a cluster: everything between a typed command and the database. */
export class Scenario {
  readonly slack: SlackWorkspace;
  readonly redis: RedisServer;
  readonly system: System;
  readonly cluster: ClusterHandle;
  readonly target: DoltTarget;
  readonly #kubeConfig: PooledKubeConfig;
  readonly #workloads: KubernetesWorkloads;
  readonly #leases: KubernetesTargetLeases;
  edge: RunningProcess | null = null;
  worker: RunningProcess | null = null;

  private constructor(parts: {
    slack: SlackWorkspace;
    redis: RedisServer;
    system: System;
    cluster: ClusterHandle;
    target: DoltTarget;
  }) {
    this.slack = parts.slack;
    this.redis = parts.redis;
    this.system = parts.system;
    this.cluster = parts.cluster;
    this.target = parts.target;
    this.#kubeConfig = new PooledKubeConfig();
    this.#kubeConfig.loadFromString(parts.cluster.kubeconfig);
    const api = new KubernetesApi(this.#kubeConfig);
    const namespaces = [parts.target.namespace];
    this.#workloads = new KubernetesWorkloads(api, { cluster: "main", namespaces });
    this.#leases = new KubernetesTargetLeases(api, { namespaces });
  }

  /** Alice may ask; Bob and Carol may approve. Edge and worker are started by the test. */
  static async prepare(
    cluster: ClusterHandle,
    target: DoltTarget,
    options: {
      kubeconfig?: string;
      leaseSeconds?: number;
      expiresAfterMinutes?: number;
      /** Instead of the policy above. */
      people?: (slack: SlackWorkspace) => Pick<SystemOptions, "policy" | "groups" | "environment">;
    } = {},
  ): Promise<Scenario> {
    const [slack, redis] = await Promise.all([startSlack(), startRedis({ appendOnly: true })]);
    const { alice, bob, carol } = slack.users;
    const system = await System.prepare({
      slack,
      redisUrl: redis.url,
      kubeconfig: options.kubeconfig ?? cluster.kubeconfig,
      namespaces: [target.namespace],
      cluster: "main",
      leaseSeconds: options.leaseSeconds ?? 15,
      policy: [
        {
          name: "hand-overs",
          operations: ["dolt.failover", "dolt.promote", "dolt.relabel", "dolt.repair", "dolt.restart"],
          clusters: ["*"],
          namespaces: ["*"],
          targets: ["*"],
          requesters: [alice.id],
          approvers: [alice.id, bob.id, carol.id],
          approvals: 1,
          expiresAfterMinutes: options.expiresAfterMinutes ?? 15,
          remindAfterMinutes: [5],
        },
        {
          name: "questions",
          operations: ["dolt.status"],
          clusters: ["*"],
          namespaces: ["*"],
          targets: ["*"],
          requesters: [alice.id, bob.id],
          approvers: [],
          approvals: 0,
          expiresAfterMinutes: 15,
        },
      ],
      ...options.people?.(slack),
    });
    return new Scenario({ slack, redis, system, cluster, target });
  }

  async start(): Promise<void> {
    [this.edge, this.worker] = await Promise.all([this.system.startEdge(), this.system.startWorker()]);
  }

  get channel(): Channel {
    return this.slack.channels["db-ops"];
  }

  /** Types a command, and waits for the request's face to read like this. */
  async ask(
    text: string,
    reads: RegExp = /Waiting for approval/,
    person: Person = this.slack.users.alice,
  ): Promise<Message> {
    const before = new Set((await this.slack.messages(this.channel)).map((message) => message.ts));
    await this.slack.command(person, this.channel, "/dolt", text);
    return await this.slack.waitForMessage(
      (message) =>
        message.threadTs === null &&
        message.ephemeralTo === null &&
        !before.has(message.ts) &&
        reads.test(message.content),
      { deadlineMs: answerDeadlineMs },
    );
  }

  async approve(face: Message, person: Person = this.slack.users.bob): Promise<void> {
    await this.slack.click(person, this.channel, face.ts, "handover_approve");
  }

  /** Waits until the face reads like this. */
  faceReads(face: Message, reads: RegExp, deadlineMs = answerDeadlineMs): Promise<Message> {
    return this.slack.waitForMessage((message) => message.ts === face.ts && reads.test(message.content), {
      deadlineMs,
    });
  }

  /** What the thread of a face tells, in one text. */
  async thread(face: Message): Promise<string> {
    return (await this.slack.thread(this.channel, face.ts)).map((reply) => reply.content).join("\n");
  }

  /** The workload as the cluster has it. */
  async workload(): Promise<WorkloadView> {
    const view = await this.#workloads.look(this.#reference, AbortSignal.timeout(10_000));
    if (view === null) throw new Error("the target's workload is gone");
    return view;
  }

  /** Pods that carry the primary's label. */
  async routed(): Promise<string[]> {
    const { pods } = await this.workload();
    return pods.filter(({ pod }) => pod?.labels["dolthub.com/cluster_role"] === "primary").map(({ name }) => name);
  }

  async lease(): Promise<LeaseState | null> {
    return (await this.#leases.read(this.#reference, AbortSignal.timeout(10_000)))?.state ?? null;
  }

  async credentials(): Promise<{ user: string; password: string }> {
    const found = await this.#workloads.credentials(await this.workload(), AbortSignal.timeout(10_000));
    return { user: found?.username ?? "root", password: found?.password ?? "" };
  }

  /** A client of its own for tests that change the cluster beside Handover. */
  kubeConfig(): KubeConfig {
    const config = new KubeConfig();
    config.loadFromString(this.cluster.kubeconfig);
    return config;
  }

  /** Empties Redis and writes the request of this face back into it as it was when it was approved. Resolves to its id. */
  async replayApproval(face: Message): Promise<string> {
    const requestId = /request ([a-z0-9-]+)/.exec(face.content)?.[1];
    if (requestId === undefined) throw new Error(`the face names no request: ${face.content}`);
    const connection = connectRedis(this.redis.url, { role: "worker" });
    try {
      const store = new RedisRequestStore(connection, new ClusterKeys("main"));
      const found = await store.read(requestId);
      if (found === null) throw new Error(`there is no request ${requestId}`);
      const { execution: _execution, outcome: _outcome, ...record } = found.record;
      await connection.run((client) => client.flushall());
      const expiresAtMs = found.nowMs + 600_000;
      const event = { kind: "replayed", requestId, by: { worker: "test" }, facts: {} };
      await store.restore({ ...record, state: "approved", expiresAtMs }, event);
      return requestId;
    } finally {
      await connection.close();
    }
  }

  /** The state of a request in Redis; null when there is none. */
  async stateOf(requestId: string): Promise<RequestState | null> {
    const connection = connectRedis(this.redis.url, { role: "worker" });
    try {
      return (await new RedisRequestStore(connection, new ClusterKeys("main")).read(requestId))?.record.state ?? null;
    } finally {
      await connection.close();
    }
  }

  /** Ends Slack, Redis and every process. The cluster stays, and can still be asked until `disconnect`. */
  async close(): Promise<void> {
    await this.system.close();
    await this.slack.close();
    await this.redis.close();
  }

  async disconnect(): Promise<void> {
    await this.#kubeConfig.close();
  }

  get #reference() {
    return { namespace: this.target.namespace, workload: this.target.name };
  }
}
