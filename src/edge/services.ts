import { randomBytes } from "node:crypto";
import pino, { type Logger } from "pino";
import { FaceDrawer } from "../../handlers/face/drawer.ts";
import type { ClusterServices, EdgeServices } from "../../handlers/services.ts";
import { QueueWakeUp } from "../../queue/producer.ts";
import { CachedChannels } from "../adapters/cached-channels.ts";
import { systemClock } from "../adapters/clock.ts";
import { RedisAnnouncements } from "../adapters/redis/announcements.ts";
import { RedisChannels } from "../adapters/redis/channels.ts";
import { connectRedis, type RedisConnection } from "../adapters/redis/connection.ts";
import { RedisFaceStore } from "../adapters/redis/face-store.ts";
import { RedisFreezeWishes } from "../adapters/redis/freeze-wishes.ts";
import { ClusterKeys } from "../adapters/redis/keys.ts";
import { RedisMemberships } from "../adapters/redis/memberships.ts";
import { RedisRequestLists } from "../adapters/redis/request-lists.ts";
import { RedisRequestStore } from "../adapters/redis/request-store.ts";
import { SlackChannels } from "../adapters/slack/channels.ts";
import { SlackChat, SlackHomeTabs, SlackModals } from "../adapters/slack/chat.ts";
import { SlackPeople } from "../adapters/slack/people.ts";
import { SlackReplies } from "../adapters/slack/replies.ts";
import { createSlackCall } from "../adapters/slack/web-api.ts";
import type { CommonEdgeSettings, EdgeSettings } from "../config/environment.ts";
import type { ClusterConfig } from "../config/handover-yaml.ts";
import { newId } from "../domain/ids.ts";
import { readPublicKeys } from "../domain/signing.ts";
import type { Channels } from "../ports/channels.ts";
import type { Chat } from "../ports/chat.ts";
import type { WakeUp } from "../ports/wake-up.ts";
import { createEdgeApp } from "./app.ts";
import { SlackReceiver } from "./receiver.ts";

export interface Edge {
  readonly receiver: SlackReceiver;
  readonly log: Logger;
  /** Closes every connection. */
  close(): Promise<void>;
}

/** How an edge wakes the workers of a cluster. */
type OpenWakeUp = (redis: RedisConnection, cluster: string) => WakeUp & { close(): Promise<void> };

/**
 * The edge on its real parts, reached over HTTP. Connects in the background: an edge whose Redis is away says so to whoever asks.
 * @param openWakeUp how workers are woken; tests of lost wake-ups hand in one that dies at a chosen call
 */
export function openEdge(settings: EdgeSettings, openWakeUp?: OpenWakeUp): Edge {
  const { services, log, close } = openEdgeServices(settings, openWakeUp);
  const receiver = new SlackReceiver({ signingSecret: settings.slack.signingSecret, clock: systemClock, log });
  createEdgeApp(receiver, services);
  return { receiver, log, close };
}

/** What every edge works with, however Slack reaches it. */
export function openEdgeServices(
  settings: CommonEdgeSettings,
  openWakeUp: OpenWakeUp = (redis, cluster) => new QueueWakeUp(redis, cluster),
): { readonly services: EdgeServices; readonly log: Logger; close(): Promise<void> } {
  const { configuration } = settings;
  const log = pino({ level: settings.logLevel, base: { role: "edge" } }, pino.destination(2));
  const onTrouble = (why: string) => log.warn({ why }, "Redis is away");
  const redis = connectRedis(settings.redisUrl, { role: "edge", onTrouble });
  const callSlack = createSlackCall(settings.slack);
  const chat = new SlackChat(callSlack);
  const wakeUps: ReturnType<OpenWakeUp>[] = [];
  const slackChannels = new SlackChannels(callSlack);
  const services: EdgeServices = {
    clusters: configuration.clusters.map((cluster) => {
      const wakeUp = openWakeUp(redis, cluster.name);
      wakeUps.push(wakeUp);
      return clusterServices(cluster, redis, wakeUp, chat, slackChannels);
    }),
    policy: configuration.policy,
    home: configuration.slack,
    defaultTargets: configuration.channels,
    sharedChannels: configuration.slack.sharedChannels,
    chat,
    replies: new SlackReplies(),
    modals: new SlackModals(callSlack),
    homeTabs: new SlackHomeTabs(callSlack),
    people: new SlackPeople(callSlack, configuration.slack),
    clock: systemClock,
    edgeKey: settings.edgeKey,
    newRequestId: () => newId(randomBytes),
    log,
  };
  return {
    services,
    log,
    close: async () => {
      await Promise.all(wakeUps.map((wakeUp) => wakeUp.close()));
      await redis.close();
    },
  };
}

function clusterServices(
  cluster: ClusterConfig,
  redis: RedisConnection,
  wakeUp: WakeUp,
  chat: Chat,
  slackChannels: Channels,
): ClusterServices {
  const keys = new ClusterKeys(cluster.name);
  const requests = new RedisRequestStore(redis, keys);
  const faces = new RedisFaceStore(redis, keys);
  return {
    name: cluster.name,
    requests,
    faces,
    announcements: new RedisAnnouncements(redis, keys),
    memberships: new RedisMemberships(redis, keys),
    channels: new CachedChannels(new RedisChannels(redis, keys), slackChannels),
    lists: new RedisRequestLists(redis, keys),
    freezeWishes: new RedisFreezeWishes(redis, keys),
    wakeUp,
    drawer: new FaceDrawer({ requests, faces, chat, clock: systemClock }),
    keys: readPublicKeys([cluster.publicKey]),
  };
}
