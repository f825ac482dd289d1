import { readFile } from "node:fs/promises";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { stringify } from "yaml";
import { newSigningKeys } from "../../../sandbox/keys.ts";
import { type RedisServer, startRedis } from "../../../sandbox/redis.ts";
import { type SlackWorkspace, startSlack } from "../../../sandbox/slack/workspace.ts";
import { RedisAnnouncements } from "../../../src/adapters/redis/announcements.ts";
import { connectRedis, type RedisConnection } from "../../../src/adapters/redis/connection.ts";
import { ClusterKeys } from "../../../src/adapters/redis/keys.ts";
import type { AnnouncedTarget } from "../../../src/domain/target.ts";
import { catalogue } from "../../../src/operations/catalogue.ts";

const cluster = "bench";
/** A heartbeat older than 30 s counts as no worker. */
const beatEveryMs = 10_000;

/** What stands around an edge that is measured: Slack, Redis, and a worker that only says that it lives. */
export class BenchSurroundings {
  readonly slack: SlackWorkspace;
  readonly redis: RedisServer;
  readonly #connection: RedisConnection;
  readonly #environment: Readonly<Record<string, string>>;
  readonly #beating: NodeJS.Timeout;

  private constructor(
    slack: SlackWorkspace,
    redis: RedisServer,
    connection: RedisConnection,
    environment: Readonly<Record<string, string>>,
    beating: NodeJS.Timeout,
  ) {
    this.slack = slack;
    this.redis = redis;
    this.#connection = connection;
    this.#environment = environment;
    this.#beating = beating;
  }

  /** @param targets how many there are: each command is for another, so that none finds its request there already */
  static async start(targets: number, options: { readonly tls: boolean }): Promise<BenchSurroundings> {
    const [slack, redis] = await Promise.all([startSlack(), startRedis({ appendOnly: true, tls: options.tls })]);
    const edge = newSigningKeys();
    const environment = {
      PATH: process.env.PATH ?? "",
      ...(redis.certificateFile === null ? {} : { NODE_EXTRA_CA_CERTS: redis.certificateFile }),
      REDIS_URL: redis.url,
      SLACK_BOT_TOKEN: slack.botToken,
      SLACK_API_URL: slack.apiUrl,
      SLACK_SIGNING_SECRET: slack.signingSecret,
      HANDOVER_EDGE_KEY: edge.privateText,
      HANDOVER_CONFIG_YAML: stringify(configuration(slack, edge.publicText)),
      HANDOVER_LOG_LEVEL: "error",
      HOST: "127.0.0.1",
      PORT: "0",
    };
    if (redis.certificateFile !== null) {
      const own = await readFile(redis.certificateFile, "utf8");
      setDefaultCACertificates([...getCACertificates(), own]);
    }
    const connection = connectRedis(redis.url, { role: "worker" });
    const announcements = new RedisAnnouncements(connection, new ClusterKeys(cluster));
    const beat = () =>
      announcements.announce({
        workerId: "bench-worker",
        cluster,
        version: "bench",
        operations: catalogue.map(({ name }) => name),
        targets: Array.from({ length: targets }, (_, index) => target(index)),
      });
    await beat();
    const beating = setInterval(() => void beat().catch(() => undefined), beatEveryMs);
    return new BenchSurroundings(slack, redis, connection, environment, beating);
  }

  /** What an edge is started with. */
  get environment(): Readonly<Record<string, string>> {
    return this.#environment;
  }

  async close(): Promise<void> {
    clearInterval(this.#beating);
    await this.#connection.close();
    await this.slack.close();
    await this.redis.close();
  }
}

export const targetName = (index: number) => `target-${index}`;

function target(index: number): AnnouncedTarget {
  const name = targetName(index);
  return { cluster, namespace: "bench", name, engine: "dolt", workload: name, runbooks: {} };
}

function configuration(slack: SlackWorkspace, edgePublicKey: string): object {
  const { alice, bob } = slack.users;
  return {
    version: 1,
    slack: { teamId: slack.teamId },
    clusters: [{ name: cluster, channel: slack.channels["db-ops"].id, publicKey: newSigningKeys().publicText }],
    edge: { publicKeys: [edgePublicKey] },
    policy: [{ name: "all", operations: ["*"], requesters: [alice.id], approvers: [bob.id], approvals: 1 }],
  };
}
