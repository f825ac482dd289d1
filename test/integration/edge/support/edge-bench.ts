import { randomBytes } from "node:crypto";
import { stringify } from "yaml";
import { FaceDrawer } from "../../../../handlers/face/drawer.ts";
import { newSigningKeys } from "../../../../sandbox/keys.ts";
import { type RedisServer, startRedis } from "../../../../sandbox/redis.ts";
import type { Message } from "../../../../sandbox/slack/messages.ts";
import type { Channel, Person } from "../../../../sandbox/slack/people.ts";
import { type SlackWorkspace, startSlack } from "../../../../sandbox/slack/workspace.ts";
import { systemClock } from "../../../../src/adapters/clock.ts";
import { RedisAnnouncements } from "../../../../src/adapters/redis/announcements.ts";
import { readAudit } from "../../../../src/adapters/redis/audit-chain.ts";
import { connectRedis, type RedisConnection } from "../../../../src/adapters/redis/connection.ts";
import { RedisFaceStore } from "../../../../src/adapters/redis/face-store.ts";
import { RedisFreezeWishes } from "../../../../src/adapters/redis/freeze-wishes.ts";
import { ClusterKeys } from "../../../../src/adapters/redis/keys.ts";
import { RedisRequestStore } from "../../../../src/adapters/redis/request-store.ts";
import { SlackChat } from "../../../../src/adapters/slack/chat.ts";
import { createSlackCall } from "../../../../src/adapters/slack/web-api.ts";
import { type EdgeSettings, readEdgeSettings } from "../../../../src/config/environment.ts";
import { newId } from "../../../../src/domain/ids.ts";
import { noMemberships } from "../../../../src/domain/memberships.ts";
import { fingerprintOf, type Plan } from "../../../../src/domain/plan.ts";
import { decidingRule } from "../../../../src/domain/policy/matching.ts";
import { plannedApproval } from "../../../../src/domain/policy/planned-approval.ts";
import type { RequestRecord } from "../../../../src/domain/request.ts";
import { readSigningKey, signStatement } from "../../../../src/domain/signing.ts";
import type { AnnouncedTarget } from "../../../../src/domain/target.ts";
import type { Transition } from "../../../../src/domain/transitions/change.ts";
import { planned } from "../../../../src/domain/transitions/planning.ts";
import { type EdgeServer, slackPath, startEdgeServer } from "../../../../src/edge/node-server.ts";
import { type Edge, openEdge } from "../../../../src/edge/services.ts";
import type { RequestStore } from "../../../../src/ports/request-store.ts";

export const cluster = "demo";

/** A target as a worker would announce it. */
export function target(name: string, namespace = "shop"): AnnouncedTarget {
  const runbooks = { default: `https://runbooks.example.com/${name}` };
  return { cluster, namespace, name, engine: "dolt", workload: `${name}-db`, runbooks };
}

/** A real edge over HTTP between a Slack workspace and a Redis; the worker's part is played by the test. */
export class EdgeBench {
  readonly slack: SlackWorkspace;
  readonly redis: RedisServer;
  readonly settings: EdgeSettings;
  readonly requests: RequestStore;
  readonly announcements: RedisAnnouncements;
  readonly freezeWishes: RedisFreezeWishes;
  readonly edge: Edge;
  readonly #connection: RedisConnection;
  readonly #server: EdgeServer;
  readonly #clusterKey: string;
  readonly #faces: RedisFaceStore;
  readonly #drawer: FaceDrawer;

  private constructor(parts: {
    slack: SlackWorkspace;
    redis: RedisServer;
    settings: EdgeSettings;
    edge: Edge;
    server: EdgeServer;
    clusterKey: string;
  }) {
    this.slack = parts.slack;
    this.redis = parts.redis;
    this.settings = parts.settings;
    this.edge = parts.edge;
    this.#server = parts.server;
    this.#clusterKey = parts.clusterKey;
    this.#connection = connectRedis(parts.redis.url, { role: "worker" });
    const keys = new ClusterKeys(cluster);
    this.requests = new RedisRequestStore(this.#connection, keys);
    this.announcements = new RedisAnnouncements(this.#connection, keys);
    this.freezeWishes = new RedisFreezeWishes(this.#connection, keys);
    this.#faces = new RedisFaceStore(this.#connection, keys);
    const chat = new SlackChat(createSlackCall(parts.settings.slack));
    this.#drawer = new FaceDrawer({ requests: this.requests, faces: this.#faces, chat, clock: systemClock });
  }

  static async start(): Promise<EdgeBench> {
    const [slack, redis] = await Promise.all([startSlack(), startRedis()]);
    const [edgeKeys, clusterKeys] = [newSigningKeys(), newSigningKeys()];
    const { alice, bob, carol, gina } = slack.users;
    const configuration = {
      version: 1,
      slack: { teamId: slack.teamId },
      clusters: [{ name: cluster, channel: slack.channels["db-ops"].id, publicKey: clusterKeys.publicText }],
      edge: { publicKeys: [edgeKeys.publicText] },
      policy: [
        {
          name: "databases",
          operations: ["dolt.*"],
          requesters: [alice.id, bob.id],
          approvers: [alice.id, bob.id, carol.id, gina.id],
        },
        {
          name: "freezing",
          operations: ["handover.freeze", "handover.unfreeze"],
          namespaces: ["shop"],
          requesters: [bob.id],
          approvals: 0,
        },
        {
          name: "freezing everything",
          operations: ["handover.*"],
          requesters: [carol.id],
          approvals: 0,
        },
      ],
    };
    const settings = readEdgeSettings({
      REDIS_URL: redis.url,
      SLACK_BOT_TOKEN: slack.botToken,
      SLACK_SIGNING_SECRET: slack.signingSecret,
      SLACK_API_URL: slack.apiUrl,
      HANDOVER_EDGE_KEY: edgeKeys.privateText,
      HANDOVER_CONFIG_YAML: stringify(configuration),
      HANDOVER_LOG_LEVEL: "silent",
      HOST: "127.0.0.1",
      PORT: "0",
    });
    const edge = openEdge(settings);
    const { host, port } = settings;
    const server = await startEdgeServer({ receiver: edge.receiver, host, port, log: edge.log });
    slack.setRequestUrl(`http://127.0.0.1:${server.port}${slackPath}`);
    return new EdgeBench({ slack, redis, settings, edge, server, clusterKey: clusterKeys.privateText });
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.port}`;
  }

  /** A worker's heartbeat. */
  async announce(...targets: readonly AnnouncedTarget[]): Promise<void> {
    const operations = ["dolt.failover", "dolt.status"];
    await this.announcements.announce({ workerId: "worker-1", cluster, version: "0.1.0", operations, targets });
  }

  /** Types `/dolt …` and returns what only this person was told. */
  dolt(user: Person, text: string, channel?: Channel): Promise<string> {
    return this.type(user, "/dolt", text, channel);
  }

  /** Types a command and returns what only this person was told. */
  async type(
    user: Person,
    command: string,
    text: string,
    channel: Channel = this.slack.channels["db-ops"],
  ): Promise<string> {
    const before = (await this.slack.ephemerals(user)).length;
    await this.slack.command(user, channel, command, text);
    return (await this.slack.ephemerals(user))
      .slice(before)
      .map(({ content }) => content)
      .join("\n");
  }

  /** Clicks and returns what only this person was told. */
  async click(user: Person, ts: string, actionId: string): Promise<string> {
    const before = (await this.slack.ephemerals(user)).length;
    await this.slack.click(user, this.slack.channels["db-ops"], ts, actionId);
    return (await this.slack.ephemerals(user))
      .slice(before)
      .map(({ content }) => content)
      .join("\n");
  }

  /** What the worker does with a request: plans it, signs the plan and draws it. */
  async plan(record: RequestRecord, over: Partial<Plan> = {}): Promise<RequestRecord> {
    const facts = [{ name: "primary", value: "orders-0" }];
    const plan: Plan = {
      version: 1,
      requestId: record.id,
      operation: record.operation,
      target: {
        cluster: record.target.cluster,
        namespace: record.target.namespace,
        name: record.target.name,
        workload: record.target.workload,
      },
      requester: record.requester,
      parameters: record.parameters,
      facts,
      fingerprint: fingerprintOf(facts, []),
      now: ["orders-0 is primary at epoch 5"],
      steps: [{ id: "demote", title: "Demote orders-0 to standby" }],
      cost: "Writes stop for about 0.1 s.",
      bounds: ["lag of orders-1 ≤ 2 s"],
      warnings: [],
      details: null,
      madeAtMs: Date.now(),
      ...this.#approvalOf(record),
      ...over,
    };
    return this.change(record.id, (found, nowMs) =>
      planned(found, signStatement(plan, readSigningKey(this.#clusterKey)), plan, nowMs),
    );
  }

  /** Who could approve when the plan was made: those whom the policy names by their ids. */
  #approvalOf(record: RequestRecord): Pick<Plan, "approval"> {
    const rule = decidingRule(this.settings.configuration.policy, record.operation, record.target);
    if (rule === null) return {};
    return { approval: plannedApproval(rule, record.rule.policyHash, noMemberships, Date.now()) };
  }

  /** Changes a record as any process would, and draws it. */
  async change(id: string, transition: (record: RequestRecord, nowMs: number) => Transition): Promise<RequestRecord> {
    const found = await this.requests.read(id);
    if (found === null) throw new Error(`There is no request ${id}.`);
    const next = transition(found.record, found.nowMs);
    if (!next.ok) throw new Error(next.problem.what);
    const audit = { kind: "test", requestId: id, by: { worker: "worker-1" }, facts: {} };
    if (!(await this.requests.compareAndSet(next.record, audit)))
      throw new Error(`${id} was changed by somebody else.`);
    await this.#drawer.drawOnce(id, { deadlineMs: 5_000 });
    return next.record;
  }

  /** The one unsettled request for the target of this name. */
  async openRequest(name: string): Promise<RequestRecord> {
    const [found, ...others] = await this.openRequests(name);
    if (found === undefined || others.length > 0) throw new Error(`Expected one open request for ${name}.`);
    return found;
  }

  async openRequests(name: string): Promise<RequestRecord[]> {
    const { ids } = await this.requests.unsettled();
    const records = await Promise.all(ids.map((id) => this.request(id)));
    return records.filter((record) => record.target.name === name);
  }

  /** The message that shows this request, as the channel has it. */
  async face(id: string): Promise<Message> {
    const face = await this.#faces.read(id);
    const messages = await this.slack.messages(this.slack.channels["db-ops"]);
    const found = messages.find(({ ts }) => ts === face?.ts);
    if (found === undefined) throw new Error(`Request ${id} has no message.`);
    return found;
  }

  /** Asks for a failover of a target of its own and plans it: a request with live buttons. */
  async awaiting(over: Partial<Plan> = {}): Promise<{ record: RequestRecord; face: Message }> {
    const name = freshName();
    await this.announce(target(name));
    await this.dolt(this.slack.users.alice, `failover ${name} --reason "disk is full"`);
    const record = await this.plan(await this.openRequest(name), over);
    return { record, face: await this.face(record.id) };
  }

  async request(id: string): Promise<RequestRecord> {
    const found = await this.requests.read(id);
    if (found === null) throw new Error(`There is no request ${id}.`);
    return found.record;
  }

  /** What stands last in the audit. */
  async lastAudit(): Promise<unknown> {
    let last: unknown = null;
    for await (const { event } of readAudit(this.#connection, new ClusterKeys(cluster))) last = JSON.parse(event);
    return last;
  }

  async close(): Promise<void> {
    await this.#server.close(1_000);
    await this.edge.close();
    await this.#connection.close();
    await Promise.all([this.slack.close(), this.redis.close()]);
  }
}

/** A name nobody used yet, so that tests share a bench and nothing else. */
export function freshName(): string {
  return `db-${newId(randomBytes)}`;
}
