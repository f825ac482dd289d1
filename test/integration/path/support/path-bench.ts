import { createConnection, type RowDataPacket } from "mysql2/promise";
import { z } from "zod";
import { closeQueue, openQueue } from "../../../../queue/producer.ts";
import { type SandboxCluster, startSandboxCluster } from "../../../../sandbox/cluster.ts";
import type { DoltTarget } from "../../../../sandbox/handle.ts";
import type { Message } from "../../../../sandbox/slack/messages.ts";
import type { Person } from "../../../../sandbox/slack/people.ts";
import { buttonClickRequest } from "../../../../sandbox/slack/signed-requests.ts";
import { connectRedis, type RedisConnection } from "../../../../src/adapters/redis/connection.ts";
import { ClusterKeys } from "../../../../src/adapters/redis/keys.ts";
import { RedisRequestStore } from "../../../../src/adapters/redis/request-store.ts";
import type { RequestRecord, RequestState } from "../../../../src/domain/request.ts";
import type { WakeUpKind } from "../../../../src/ports/wake-up.ts";
import { Scenario } from "../../../support/scenario.ts";
import { until } from "./until.ts";

export const runbook = "https://runbooks.example.com/orders";
/** Short, so that a dead worker's execution is taken up soon. */
const leaseSeconds = 5;
const clusterName = "main";
/** How a message in a thread begins to say that it repeats another. */
const toldAgain = "Told again";

/** What a server says of itself. */
const identitySchema = z.object({ role: z.string(), epoch: z.coerce.number() });
export type Identity = z.infer<typeof identitySchema>;

/** The whole path in the embedded cluster: Slack, Redis, edge and workers around one target, with looks behind the scenes. */
export class PathBench {
  readonly scenario: Scenario;
  readonly cluster: SandboxCluster;
  readonly target: DoltTarget;
  readonly requests: RedisRequestStore;
  readonly redis: RedisConnection;
  readonly keys = new ClusterKeys(clusterName);
  #commands = 0;

  private constructor(scenario: Scenario, cluster: SandboxCluster) {
    this.scenario = scenario;
    this.cluster = cluster;
    this.target = scenario.target;
    this.redis = connectRedis(scenario.redis.url, { role: "worker" });
    this.requests = new RedisRequestStore(this.redis, this.keys);
  }

  /** Everything but edge and workers, which each test file starts as it needs them. */
  static async prepare(): Promise<PathBench> {
    const cluster = await startSandboxCluster();
    try {
      const target = await cluster.createDoltTarget({
        namespace: "shop",
        name: "orders",
        replicas: 3,
        databases: ["app"],
        annotations: { "handover.dev/runbook": runbook },
      });
      return new PathBench(await Scenario.prepare(cluster, target, { leaseSeconds }), cluster);
    } catch (error) {
      await cluster.close();
      throw error;
    }
  }

  /**
   * A failover's command unlike those before: the same again by the same person within a minute would count as a second
   * press of Enter. What differs is a bound that no lag here comes near.
   */
  failover(flags = ""): string {
    this.#commands += 1;
    return `failover orders --max-lag ${100 + this.#commands}${flags === "" ? "" : ` ${flags}`}`;
  }

  /** Asks for a failover; resolves to its face once it waits for approval. */
  ask(flags = ""): Promise<Message> {
    return this.scenario.ask(this.failover(flags));
  }

  /** Does something as this person, and returns what only they were told of it. */
  async told(person: Person, act: () => Promise<unknown>): Promise<string> {
    const { slack } = this.scenario;
    const before = (await slack.ephemerals(person)).length;
    await act();
    return (await slack.ephemerals(person))
      .slice(before)
      .map(({ content }) => content)
      .join("\n");
  }

  /** Types `/dolt …` and returns what only this person was told. */
  type(person: Person, text: string): Promise<string> {
    const { slack, channel } = this.scenario;
    return this.told(person, () => slack.command(person, channel, "/dolt", text));
  }

  /**
   * Clicks a button of this face as it was then, on a screen that has not heard of any change since; returns what only
   * the clicker was told.
   */
  clickLate(person: Person, face: Message, actionId: string): Promise<string> {
    const button = face.buttons.find((one) => one.actionId === actionId);
    if (button === undefined || button.value === null) throw new Error(`the face had no button ${actionId}`);
    const { slack, channel } = this.scenario;
    const request = buttonClickRequest({ user: person, channel, messageTs: face.ts, actionId, value: button.value });
    const contentType = request.headers["content-type"] ?? "";
    return this.told(person, () =>
      slack.redeliver({
        kind: "interactive",
        body: request.body,
        contentType,
        status: null,
        answer: "",
        durationMs: 0,
      }),
    );
  }

  /** The record of the request that this face shows. */
  async record(face: Message): Promise<RequestRecord> {
    const id = /request ([a-z0-9-]+)/.exec(face.content)?.[1];
    if (id === undefined) throw new Error(`the face names no request: ${face.content}`);
    const found = await this.requests.read(id);
    if (found === null) throw new Error(`there is no request ${id}`);
    return found.record;
  }

  /** Waits until the record of this face's request is in one of these states. */
  untilState(face: Message, ...states: readonly RequestState[]): Promise<RequestRecord> {
    return until(`the request is ${states.join(" or ")}`, async () => {
      const record = await this.record(face);
      return states.includes(record.state) ? record : undefined;
    });
  }

  /**
   * What the thread tells, one entry a line, as soon as it tells this end. On a busy machine Slack's answer can come later
   * than it is waited for; what is therefore told again, and says so, counts once.
   */
  async story(face: Message, end: RegExp): Promise<string[]> {
    return await until(`the thread tells ${end}`, async () => {
      const told: string[] = [];
      for (const { content } of await this.scenario.slack.thread(this.scenario.channel, face.ts)) {
        const isRepeated = content.includes(toldAgain);
        const lines = content.split("\n").filter((line) => !line.startsWith(toldAgain));
        told.push(...lines.filter((line) => !(isRepeated && told.includes(line))));
      }
      return told.some((line) => end.test(line)) && told;
    });
  }

  /** What a server says of itself. */
  async identity(pod: string): Promise<Identity> {
    const query = "SELECT @@global.dolt_cluster_role AS role, @@global.dolt_cluster_role_epoch AS epoch";
    return identitySchema.parse((await this.sql(pod, query))[0]);
  }

  /** What every server says of itself, by pod. */
  async servers(): Promise<Record<string, Identity>> {
    const entries = await Promise.all(this.target.pods.map(async (pod) => [pod, await this.identity(pod)] as const));
    return Object.fromEntries(entries);
  }

  /** The epoch, and that there is one primary: the routed one. Throws when it is not so. */
  async primary(): Promise<{ name: string; epoch: number }> {
    const servers = Object.entries(await this.servers());
    const primaries = servers.filter(([, { role }]) => role === "primary");
    const routed = await this.scenario.routed();
    const [primary] = primaries;
    if (primary === undefined || primaries.length > 1 || routed.length !== 1 || routed[0] !== primary[0]) {
      throw new Error(`not one routed primary: ${JSON.stringify({ servers, routed })}`);
    }
    return { name: primary[0], epoch: primary[1].epoch };
  }

  /** Waits until the kubelet says that no server runs in this pod, and that it will be a while until one is started. */
  async untilBackedOff(pod: string): Promise<void> {
    await until(`${pod} is backed off`, async () => {
      const { pods } = await this.scenario.workload();
      return pods.find(({ name }) => name === pod)?.pod?.container.text === "CrashLoopBackOff";
    });
  }

  /** Runs a statement on a server. */
  async sql(pod: string, statement: string): Promise<RowDataPacket[]> {
    const credentials = await this.scenario.credentials();
    const connection = await createConnection({ ...(await this.target.address(pod)), ...credentials });
    try {
      const [rows] = await connection.query<RowDataPacket[]>(statement);
      return rows;
    } finally {
      connection.destroy();
    }
  }

  /** Waits until nobody holds the target's lease and nothing stands beside it unfinished. */
  async untilLeaseIsFree(): Promise<void> {
    await until("the lease is free", async () => {
      const lease = await this.scenario.lease();
      return lease?.holder === null && lease.execution === null;
    });
  }

  /** Deletes every key of BullMQ's, as a Redis that evicts, or a tidy person, would. Resolves to how many there were. */
  async deleteQueues(): Promise<number> {
    return await this.redis.run(async (client) => {
      const keys = await client.keys(`{handover:${clusterName}}:*`);
      return keys.length === 0 ? 0 : await client.del(...keys);
    });
  }

  /** Makes every worker's last sign of life as old as if it had died a minute ago. */
  async forgetHeartbeats(): Promise<void> {
    const { workersSeen } = this.keys;
    await this.redis.run(async (client) => {
      for (const workerId of await client.zrange(workersSeen, 0, -1)) {
        await client.zincrby(workersSeen, -60_000, workerId);
      }
    });
  }

  /** How many jobs of this kind wait, and how many a worker holds. */
  async jobs(kind: WakeUpKind): Promise<{ waiting: number; active: number }> {
    return await this.redis.run(async () => {
      const queue = openQueue(this.redis, clusterName, kind);
      try {
        const counts = await queue.getJobCounts("waiting", "active");
        return { waiting: counts.waiting ?? 0, active: counts.active ?? 0 };
      } finally {
        await closeQueue(queue);
      }
    });
  }

  async close(): Promise<void> {
    await this.redis.close();
    await this.scenario.close();
    await this.scenario.disconnect();
    await this.cluster.close();
  }
}
