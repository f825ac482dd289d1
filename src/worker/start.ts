import { randomBytes } from "node:crypto";
import pino from "pino";
import { FaceDrawer } from "../../handlers/face/drawer.ts";
import { startConsumer } from "../../queue/consumer.ts";
import { QueueWakeUp } from "../../queue/producer.ts";
import { systemClock } from "../adapters/clock.ts";
import { HttpCrateServers } from "../adapters/cratedb/crate-servers.ts";
import { MysqlDoltServers } from "../adapters/dolt/dolt-servers.ts";
import { serveHealth } from "../adapters/health-server.ts";
import { KubernetesApi } from "../adapters/kubernetes/api.ts";
import { KubernetesCrateClusters } from "../adapters/kubernetes/crate-clusters.ts";
import { KubernetesFreezes } from "../adapters/kubernetes/freezes.ts";
import type { PooledKubeConfig } from "../adapters/kubernetes/pooled-kube-config.ts";
import { KubernetesTargetLeases } from "../adapters/kubernetes/target-leases.ts";
import { watchTargets } from "../adapters/kubernetes/target-watch.ts";
import { KubernetesWorkloads } from "../adapters/kubernetes/workloads.ts";
import { openDirectories } from "../adapters/open-directories.ts";
import { RecentMemberships } from "../adapters/recent-memberships.ts";
import { RedisAnnouncements } from "../adapters/redis/announcements.ts";
import { RedisChannels } from "../adapters/redis/channels.ts";
import { connectRedis } from "../adapters/redis/connection.ts";
import { demandRedis } from "../adapters/redis/demand.ts";
import { RedisFaceStore } from "../adapters/redis/face-store.ts";
import { RedisFreezeWishes } from "../adapters/redis/freeze-wishes.ts";
import { ClusterKeys } from "../adapters/redis/keys.ts";
import { RedisMemberships } from "../adapters/redis/memberships.ts";
import { RedisOnce } from "../adapters/redis/once.ts";
import { RedisRequestStore } from "../adapters/redis/request-store.ts";
import { SlackChannels } from "../adapters/slack/channels.ts";
import { SlackChat } from "../adapters/slack/chat.ts";
import { SlackPeople } from "../adapters/slack/people.ts";
import { createSlackCall } from "../adapters/slack/web-api.ts";
import { configuredAccess } from "../config/dolt-access.ts";
import type { WorkerSettings } from "../config/environment.ts";
import { fail } from "../domain/errors.ts";
import { newId } from "../domain/ids.ts";
import { principalsOf } from "../domain/policy/judging.ts";
import { readPublicKeys } from "../domain/signing.ts";
import { LeaseObserver } from "../execution/lease-observer.ts";
import type { Operation } from "../operations/operation.ts";
import { operations } from "../operations/registry.ts";
import type { DoltServers } from "../ports/dolt-servers.ts";
import { version } from "../version.ts";
import { ChannelKeeper } from "./channel-keeper.ts";
import { LostChannelNews } from "./lost-channel-news.ts";
import { MembershipKeeper } from "./membership-keeper.ts";
import { MessageKeeper } from "./message-keeper.ts";
import type { WorkerServices } from "./services.ts";
import { HandoverWorker } from "./worker.ts";

/** Plans are quick and wait for nobody; executions hold a Lease each. */
const concurrency = { plan: 4, execute: 8 } as const;

export interface RunningWorker {
  readonly workerId: string;
  /** Where `/healthz` answers. */
  readonly healthPort: number;
  /** Takes nothing more, lets what has begun to change things end (bounded by `deadlineMs`), and closes everything. */
  stop(deadlineMs: number): Promise<void>;
}

/**
 * Puts a worker together from its settings and starts it. Throws HandoverError when Redis is unfit or away.
 * @param dolt how servers are spoken to; tests of recovery hand in one that fails at a chosen call
 * @param known what it can do; tests of stopping and pausing hand in one whose steps wait for them
 */
export async function startWorker(
  settings: WorkerSettings,
  kubeConfig: PooledKubeConfig,
  dolt: DoltServers = new MysqlDoltServers(),
  known: readonly Operation[] = operations,
): Promise<RunningWorker> {
  const { configuration, cluster } = settings;
  const workerId = `${settings.workerId}_${newId(randomBytes)}`;
  const log = pino({ level: settings.logLevel, base: { workerId, cluster } }, pino.destination(2));
  const api = new KubernetesApi(kubeConfig);
  const redis = connectRedis(settings.redisUrl, {
    role: "worker",
    onTrouble: (why) => log.warn({ why }, "Redis is away"),
  });
  await demandRedis(redis, configuration.redis.durability);
  const keys = new ClusterKeys(cluster);
  const store = new RedisRequestStore(redis, keys);
  const faces = new RedisFaceStore(redis, keys);
  const callSlack = createSlackCall(settings.slack);
  const chat = new SlackChat(callSlack);
  const slackChannels = new SlackChannels(callSlack);
  const memberships = new RedisMemberships(redis, keys);
  const { pagerDuty } = settings;
  const who = { home: configuration.slack, pagerDuty };
  const directories = openDirectories(who, callSlack, () => store.nowMs(), systemClock);
  const wakeUp = new QueueWakeUp(redis, cluster);
  const ownCluster = configuration.clusters.find((candidate) => candidate.name === cluster);
  if (ownCluster === undefined)
    throw fail("configuration_invalid", { file: "handover.yaml", issues: [`it has no cluster ${cluster}`] });
  const once = new RedisOnce(redis, keys);
  const lost = new LostChannelNews({
    store,
    once,
    chat,
    channelId: ownCluster.channel,
    log,
  });
  const services: WorkerServices = {
    cluster,
    workerId,
    version,
    store,
    faces,
    announcements: new RedisAnnouncements(redis, keys),
    wakeUp,
    chat,
    people: new SlackPeople(callSlack, configuration.slack),
    memberships: directories,
    recentMemberships: new RecentMemberships(memberships, directories),
    channels: slackChannels,
    sharedChannels: configuration.slack.sharedChannels,
    workloads: new KubernetesWorkloads(api, {
      cluster,
      namespaces: settings.namespaces,
      access: {
        configured: (target) => configuredAccess(ownCluster.dolt, target),
        fallbackLogin: settings.doltLogin,
      },
    }),
    leases: new KubernetesTargetLeases(api, { namespaces: settings.namespaces }),
    freezes: new KubernetesFreezes(api, { namespaces: settings.namespaces }),
    freezeWishes: new RedisFreezeWishes(redis, keys),
    once,
    dolt,
    crate: new HttpCrateServers(),
    crateClusters: new KubernetesCrateClusters(api, {
      access: {
        configured: (target) => configuredAccess(ownCluster.crate, target),
        fallbackLogin: settings.crateLogin,
      },
    }),
    operations: known,
    policy: configuration.policy,
    clusterKey: settings.clusterKey,
    clusterKeys: readPublicKeys([ownCluster.publicKey]),
    edgeKeys: readPublicKeys(configuration.edge.publicKeys),
    channelId: ownCluster.channel,
    clock: systemClock,
    observer: new LeaseObserver(systemClock),
    leaseDurationMs: settings.leaseSeconds * 1000,
    newId: () => newId(randomBytes),
    draw: new MessageKeeper(new FaceDrawer({ requests: store, faces, chat, clock: systemClock }), log, lost),
    log,
  };
  const worker = new HandoverWorker(services);
  const stopping = new AbortController();
  const watching = watchTargets(
    api,
    {
      cluster,
      namespaces: settings.namespaces,
      clock: systemClock,
      onChange: (targets) => void worker.sees(targets),
      onForbidden: (namespace, kind) =>
        log.info({ namespace, kind }, "its Role does not let it look for targets of this kind; the others go on"),
      onError: (namespace, error) => log.warn({ namespace, why: String(error) }, "discovery failed; it is tried again"),
    },
    stopping.signal,
  ).catch(() => undefined);
  const running = worker.run(stopping.signal);
  const keeper = new MembershipKeeper({
    kept: memberships,
    directories,
    principals: principalsOf(configuration.policy),
    workerId,
    clock: systemClock,
    random: Math.random,
    log,
  });
  const channelKeeper = new ChannelKeeper({
    known: new RedisChannels(redis, keys),
    slack: slackChannels,
    workerId,
    clock: systemClock,
    random: Math.random,
    log,
  });
  const keeping = Promise.all([keeper.run(stopping.signal), channelKeeper.run(stopping.signal)]);
  const consume = (kind: "plan" | "execute") =>
    startConsumer({
      url: settings.redisUrl,
      cluster,
      kind,
      concurrency: concurrency[kind],
      handle: (requestId, signal) => worker[kind](requestId, signal),
      onProblem: (why, requestId) => log.warn({ problem: why.code, why: why.what, requestId }, `${kind} queue`),
    });
  const consumers = [consume("plan"), consume("execute")];
  // Says that the process turns over. Whether work is taken is told by the heartbeat, which people see in every answer.
  const health = await serveHealth(settings.healthPort, undefined, () => true);
  log.info({ namespaces: settings.namespaces, version }, "worker started");
  return {
    workerId,
    healthPort: health.port,
    async stop(deadlineMs) {
      stopping.abort(new Error("the worker is shutting down"));
      await Promise.all(consumers.map((consumer) => consumer.close(deadlineMs)));
      await Promise.all([running, watching, keeping]);
      await wakeUp.close();
      await redis.close();
      await kubeConfig.close();
      await health.close();
      log.info({}, "worker stopped");
    },
  };
}
