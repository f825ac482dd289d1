import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RedisServer, startRedis } from "../../../sandbox/redis.ts";
import type { Message } from "../../../sandbox/slack/messages.ts";
import { type SlackWorkspace, startSlack } from "../../../sandbox/slack/workspace.ts";
import { type RunningProcess, System } from "../../../sandbox/system.ts";
import { accessRules } from "../../../src/operations/access.ts";
import type { TargetReference } from "../../../src/ports/workloads.ts";
import { untilWithin } from "../../support/until.ts";
import { createAccount, rightsIn } from "./support/narrow-account.ts";
import { startSandboxApi } from "./support/sandbox-api.ts";
import { namespace, WorkloadBench } from "./support/workload-bench.ts";

const until = untilWithin(60_000);
const deadlineMs = 60_000;

describe("ordinary workloads from Slack, by a worker with the printed Role", () => {
  let bench: WorkloadBench;
  let slack: SlackWorkspace;
  let redis: RedisServer;
  let system: System;
  let worker: RunningProcess;
  let web: TargetReference;
  const uids = async () => (await bench.view(web)).pods.map(({ uid }) => uid);

  beforeAll(async () => {
    bench = await WorkloadBench.start(startSandboxApi);
    web = await bench.create({ name: "web", kind: "Deployment", replicas: 3 });
    const rights = rightsIn(accessRules("kubernetes", "all"), { secrets: [], configmaps: [] });
    const { kubeconfig, api } = await createAccount(bench.api, namespace, "worker", rights);
    await api.close();
    [slack, redis] = await Promise.all([startSlack(), startRedis({ appendOnly: true })]);
    const { alice, bob } = slack.users;
    const rule = {
      clusters: ["*"],
      namespaces: ["*"],
      targets: ["*"],
      requesters: [alice.id],
      expiresAfterMinutes: 15,
      remindAfterMinutes: [5],
    };
    system = await System.prepare({
      slack,
      redisUrl: redis.url,
      kubeconfig,
      namespaces: [namespace],
      cluster: "main",
      leaseSeconds: 5,
      policy: [
        {
          ...rule,
          name: "changes",
          operations: ["kubernetes.restart", "kubernetes.scale"],
          approvers: [bob.id],
          approvals: 1,
        },
        { ...rule, name: "questions", operations: ["kubernetes.status"], approvers: [], approvals: 0 },
      ],
    });
    [, worker] = await Promise.all([system.startEdge(), system.startWorker()]);
  }, 120_000);

  afterAll(async () => {
    await system?.close();
    await slack?.close();
    await redis?.close();
    await bench?.close();
  });

  async function ask(text: string, reads = /Waiting for approval/): Promise<Message> {
    const channel = slack.channels["db-ops"];
    const before = new Set((await slack.messages(channel)).map(({ ts }) => ts));
    await slack.command(slack.users.alice, channel, "/handover", text);
    return await slack.waitForMessage(
      ({ threadTs, ephemeralTo, ts, content }) =>
        threadTs === null && ephemeralTo === null && !before.has(ts) && reads.test(content),
      { deadlineMs },
    );
  }

  const approve = (face: Message) =>
    slack.click(slack.users.bob, slack.channels["db-ops"], face.ts, "handover_approve");
  const reads = (face: Message, text: RegExp) =>
    slack.waitForMessage(({ ts, content }) => ts === face.ts && text.test(content), { deadlineMs });

  it("answers what is there", async () => {
    const face = await ask("status web", /Answered/);
    expect(face.content).toContain("*status of web*");
    expect(face.content).toContain("Deployment shop/web: 3 of 3 pods are ready.");
  }, 120_000);

  it("restarts, and tells how it ended; another worker finishes what its own left", async () => {
    const before = await uids();
    bench.runtime.behaviour = () => "hangs";
    const face = await ask("restart web");
    expect(face.content).toContain("*restart of web*");
    expect(face.content).toContain("Have its controller replace the pods");
    await approve(face);
    await until("the template is written", async () => (await bench.view(web)).template.restartedAt !== null);
    await worker.kill();
    bench.runtime.behaviour = () => "runs";

    await system.startWorker();

    await reads(face, /Succeeded/);
    expect((await uids()).filter((uid) => before.includes(uid))).toEqual([]);
  }, 120_000);

  it("scales, and refuses in words what is so already", async () => {
    const face = await ask("scale web --replicas 2");
    await approve(face);
    await reads(face, /Succeeded/);
    expect((await bench.view(web)).pods).toHaveLength(2);

    // Not a second press of Enter.
    const again = await ask("scale web --replicas 2 --wait-for-ready 60s", /Refused/);
    expect(again.content).toContain("Deployment shop/web is set to 2 pods already");
  }, 120_000);

  it("shows what whoever approves has to accept by name", async () => {
    const face = await ask("scale web --replicas 0");

    expect(face.content).toContain("Nothing of Deployment shop/web runs any more.");
    await approve(face);
    await slack.waitForMessage(({ ts, content }) => ts === face.ts && /0 of 1 approvals/.test(content), { deadlineMs });
    expect((await bench.view(web)).wanted).toBe(2);
  }, 120_000);
});
