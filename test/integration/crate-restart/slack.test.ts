import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type SandboxCluster, startSandboxCluster } from "../../../sandbox/cluster.ts";
import { type RedisServer, startRedis } from "../../../sandbox/redis.ts";
import type { Message } from "../../../sandbox/slack/messages.ts";
import { type SlackWorkspace, startSlack } from "../../../sandbox/slack/workspace.ts";
import { type RunningProcess, System } from "../../../sandbox/system.ts";
import { CrateBench } from "./support/crate-bench.ts";

const answerDeadlineMs = 90_000;

describe("CrateDB's operations from Slack", () => {
  let cluster: SandboxCluster;
  let bench: CrateBench;
  let slack: SlackWorkspace;
  let redis: RedisServer;
  let system: System;
  let worker: RunningProcess;

  beforeAll(async () => {
    cluster = await startSandboxCluster();
    const tables = [{ name: "t1", shards: 2, replicas: "1" }];
    bench = await CrateBench.start(cluster, "metrics", { groups: { hot: 3 }, tables, dcUtil: true });
    await bench.createBackupJob("nightly", false);
    [slack, redis] = await Promise.all([startSlack(), startRedis({ appendOnly: true })]);
    const everywhere = { clusters: ["*"], namespaces: ["*"], targets: ["*"], expiresAfterMinutes: 15 };
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
          operations: ["cratedb.restart", "cratedb.suspend", "cratedb.resume"],
          requesters: [alice.id],
          approvers: [bob.id],
          approvals: 1,
          ...everywhere,
        },
      ],
    });
    [, worker] = await Promise.all([system.startEdge(), system.startWorker()]);
  });

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
  const approve = (face: Message) => slack.click(slack.users.bob, channel(), face.ts, "handover_approve");

  it("plans a restart, carries it out after approval, and another worker goes on when one dies in the middle", async () => {
    const [uids, jobs] = [await bench.uids(), await bench.cronJobs()];
    const face = await ask("restart metrics");
    expect(face.content).toMatch(/Restart crate-data-hot-metrics-\d \(1 of 3\), and see every table healthy/);
    await approve(face);
    await bench.until("a pod is replaced", async () => {
      const now = await bench.uids();
      return [...uids].filter(([pod, uid]) => now.get(pod) !== uid).length >= 1;
    });
    await worker.kill();
    worker = await system.startWorker();

    await faceReads(face, /Succeeded/);
    const after = await bench.uids();
    for (const [pod, uid] of uids) expect(after.get(pod), pod).not.toBe(uid);
    expect(await bench.cronJobs()).toEqual(jobs);
    const { state, health } = await bench.asked();
    expect(state.settings.allocationEnable).toBe("all");
    expect(health.map((one) => one.health)).toEqual(["GREEN"]);
    const told = (await slack.thread(channel(), face.ts)).map(({ content }) => content).join("\n");
    expect(told).toContain("Restarted 3 of 3");
  });

  it("suspends, says what brings it back where it is refused, and resumes", async () => {
    const face = await ask("suspend metrics");
    expect(face.content).toContain("Nobody can read or write anything until it is resumed");
    await approve(face);
    await faceReads(face, /Succeeded/);
    // The very same words so soon would be the same request, asked twice.
    const refused = await ask("restart metrics --only hot", /Refused/);
    expect(refused.content).toContain("/crate resume metrics");

    const back = await ask("resume metrics");
    expect(back.content).toContain("3 before it was suspended");
    await approve(back);
    await faceReads(back, /Succeeded/);
    expect((await bench.asked()).nodes).toHaveLength(3);
  });
});
