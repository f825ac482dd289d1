import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type SandboxCluster, startSandboxCluster } from "../../../sandbox/cluster.ts";
import { type RedisServer, startRedis } from "../../../sandbox/redis.ts";
import type { Message } from "../../../sandbox/slack/messages.ts";
import { type SlackWorkspace, startSlack } from "../../../sandbox/slack/workspace.ts";
import { type RunningProcess, System } from "../../../sandbox/system.ts";
import { CrateBench } from "../crate-restart/support/crate-bench.ts";

const answerDeadlineMs = 90_000;
const mib = 1024 ** 2;

describe("scaling CrateDB from Slack", { timeout: 180_000 }, () => {
  let cluster: SandboxCluster;
  let bench: CrateBench;
  let slack: SlackWorkspace;
  let redis: RedisServer;
  let system: System;
  let worker: RunningProcess;

  beforeAll(async () => {
    cluster = await startSandboxCluster();
    const tables = [{ name: "t1", shards: 8, replicas: "1", shardBytes: 8 * mib }];
    const pace = { bytesPerSecond: 2 * mib };
    bench = await CrateBench.start(cluster, "metrics", { groups: { hot: 4 }, tables, pace });
    [slack, redis] = await Promise.all([startSlack(), startRedis({ appendOnly: true })]);
    const { alice, bob } = slack.users;
    system = await System.prepare({
      slack,
      redisUrl: redis.url,
      kubeconfig: cluster.kubeconfig,
      namespaces: ["db"],
      cluster: "main",
      leaseSeconds: 5,
      policy: [
        {
          name: "nodes",
          operations: ["cratedb.*"],
          clusters: ["*"],
          namespaces: ["*"],
          targets: ["*"],
          requesters: [alice.id],
          approvers: [bob.id],
          approvals: 1,
          expiresAfterMinutes: 15,
        },
      ],
    });
    [, worker] = await Promise.all([system.startEdge(), system.startWorker()]);
    await bench.until("its copies are made", async () => {
      return (await bench.asked()).health.every(({ health }) => health === "GREEN");
    });
  }, 120_000);

  afterAll(async () => {
    await system?.close();
    await slack?.close();
    await redis?.close();
    await bench?.close();
    await cluster?.close();
  });

  const channel = () => slack.channels["db-ops"];
  async function ask(text: string, reads = /Waiting for approval/): Promise<Message> {
    const before = new Set((await slack.messages(channel())).map(({ ts }) => ts));
    await slack.command(slack.users.alice, channel(), "/crate", text);
    return await slack.waitForMessage(
      ({ threadTs, ephemeralTo, ts, content }) =>
        threadTs === null && ephemeralTo === null && !before.has(ts) && reads.test(content),
      { deadlineMs: answerDeadlineMs },
    );
  }
  const faceReads = (face: Message, reads: RegExp) =>
    slack.waitForMessage(({ ts, content }) => ts === face.ts && reads.test(content), { deadlineMs: answerDeadlineMs });
  const click = (face: Message, action: string) => slack.click(slack.users.bob, channel(), face.ts, action);

  it("shows how far the drain is, and puts all back when somebody cancels in its middle", async () => {
    const face = await ask("scale metrics hot=3 --drain-timeout 1h");
    expect(face.content).toContain("Move all shards off data-hot-3");
    await click(face, "handover_approve");
    await faceReads(face, /\d+ of \d+ shards moved/);

    await click(face, "handover_cancel");

    const ended = await faceReads(face, /Cancelled/);
    expect(ended.content).toContain("hot has 4 nodes, and none of them is excluded");
    const { nodes, state } = await bench.asked();
    expect(nodes).toHaveLength(4);
    expect(state.settings.filters.exclude).toEqual({});
  });

  it("is finished by another worker when one dies in the middle of the drain", async () => {
    const face = await ask("scale metrics hot=3");
    await click(face, "handover_approve");
    await faceReads(face, /\d+ of \d+ shards moved/);
    await worker.kill();
    worker = await system.startWorker();

    const ended = await faceReads(face, /Succeeded/);

    expect(ended.content).toContain("Scaled hot from 4 to 3.");
    const { nodes, state, health } = await bench.asked();
    expect(nodes).toEqual(["data-hot-0", "data-hot-1", "data-hot-2"]);
    expect(state.settings.filters.exclude).toEqual({});
    expect(health.map((one) => one.health)).toEqual(["GREEN"]);
  });
});
