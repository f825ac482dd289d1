import { randomUUID } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type SandboxCluster, startSandboxCluster } from "../../../sandbox/cluster.ts";
import { botScopes } from "../../../src/cli/manifest/scopes.ts";
import { runSideCommand } from "../../../src/cli/side-commands.ts";
import { accessRules } from "../../../src/operations/access.ts";
import { Scenario } from "../../support/scenario.ts";
import { FakeTerminal } from "../../unit/cli/stand-ins.ts";
import { createAccount, rightsIn } from "../workload-rollouts/support/narrow-account.ts";

let pages: Server;
let pagesUrl: string;
let cluster: SandboxCluster;
let scenario: Scenario;
let edgeUrl: string;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "handover-doctor-"));
  pages = createServer((request, response) => response.writeHead(request.url === "/there" ? 200 : 404).end());
  await new Promise<void>((resolve) => pages.listen(0, "127.0.0.1", resolve));
  const address = pages.address();
  if (address === null || typeof address === "string") throw new Error("the pages have no port");
  pagesUrl = `http://127.0.0.1:${address.port}`;
  cluster = await startSandboxCluster();
  const annotations = {
    "handover.dev/runbook": `${pagesUrl}/there`,
    "handover.dev/runbook.restart": `${pagesUrl}/gone`,
  };
  const target = await cluster.createDoltTarget({
    namespace: "shop",
    name: "orders",
    replicas: 2,
    databases: ["app"],
    annotations,
  });
  scenario = await Scenario.prepare(cluster, target);
  await scenario.start();
  edgeUrl = scenario.system.edgeAddress;
});

afterAll(async () => {
  await scenario.close();
  await cluster.close();
  await rm(folder, { recursive: true, force: true });
  await new Promise((resolve) => pages.close(resolve));
});

interface Told {
  readonly subject: string;
  readonly state: string;
  readonly what: string;
  readonly mend?: string;
}

async function doctor(words: readonly string[], environment: Readonly<Record<string, string>>) {
  const terminal = new FakeTerminal();
  const exitCode = await runSideCommand(["doctor", "--json", ...words], terminal, environment);
  const findings: Told[] = JSON.parse(terminal.stdout || "[]");
  const of = (subject: string) => findings.find((finding) => finding.subject === subject);
  return { exitCode, findings, of, err: terminal.stderr };
}

const kubeconfig = () => ["--kubeconfig", scenario.system.environment.KUBECONFIG ?? ""];

describe("npx handover doctor", () => {
  test("finds a worker's surroundings good, but for the runbook that is gone, and says how to mend it", async () => {
    const { findings, of, exitCode } = await doctor(kubeconfig(), scenario.system.environment);

    expect(of("configuration: worker")?.state).toBe("good");
    expect(of("Slack: bot token")?.state).toBe("good");
    expect(of("Slack: scopes")?.state).toBe("good");
    expect(of("Slack: channel of cluster main")?.state).toBe("good");
    expect(of("Redis: fit for records")?.state).toBe("good");
    expect(of("clocks: Redis")?.state).toBe("good");
    expect(of("workers of cluster main")?.what).toContain("shop/orders");
    expect(of("Kubernetes: identity")?.state).toBe("good");
    expect(of("target shop/orders")?.state).not.toBe("bad");
    expect(of("runbook of shop/orders (default)")?.state).toBe("good");
    expect(of("runbook of shop/orders (restart)")).toMatchObject({
      state: "bad",
      what: expect.stringContaining("404"),
    });
    expect(exitCode).toBe(1);
    // Whatever is not good says what mends it.
    for (const finding of findings) if (["bad", "warning"].includes(finding.state)) expect(finding.mend).toBeTruthy();
  });

  test("asks the cluster for each right that the policy's operations take, and names those that are missing", async () => {
    const all = rightsIn(accessRules("dolt", "all"), { secrets: ["orders-credentials"], configmaps: [] });
    const without = all.filter(({ resource }) => resource !== "pods/eviction");
    for (const [rights, expected] of [
      [all, { state: "good" }],
      [
        without,
        {
          state: "bad",
          what: expect.stringContaining("create pods/eviction"),
          mend: expect.stringContaining("npx handover rbac --namespace shop --engine dolt"),
        },
      ],
    ] as const) {
      const account = await createAccount(cluster, "shop", `worker-${rights.length}`, rights);
      const file = join(folder, `${randomUUID()}.kubeconfig`);
      await writeFile(file, account.kubeconfig);
      const { of } = await doctor(["--kubeconfig", file], scenario.system.environment);
      expect(of("Kubernetes: rights in shop for dolt")).toMatchObject(expected);
    }
  });

  test("sees that one user of Redis reaches every cluster's keys, and prints the line that ends it", async () => {
    const { of } = await doctor(kubeconfig(), scenario.system.environment);

    expect(of("Redis: clusters kept apart")).toMatchObject({
      state: "warning",
      mend: expect.stringContaining("ACL SETUSER"),
    });
  });

  test("proves an edge's signing secret by a signed request, and a wrong one", async () => {
    const environment = scenario.system.edgeEnvironment;

    const right = await doctor(["--edge", edgeUrl], environment);
    expect(right.of(`edge: ${edgeUrl}`)).toMatchObject({ state: "good" });

    const wrong = await doctor(["--edge", edgeUrl], { ...environment, SLACK_SIGNING_SECRET: "0".repeat(32) });
    expect(wrong.of(`edge: ${edgeUrl}`)).toMatchObject({
      state: "bad",
      what: expect.stringContaining("SLACK_SIGNING_SECRET"),
    });
    expect(wrong.exitCode).toBe(1);

    const stranger = await doctor(["--edge", `${pagesUrl}/there`], environment);
    expect(stranger.of(`edge: ${pagesUrl}/there`)).toMatchObject({ state: "bad" });
  });

  test("names scopes that are missing, with what each is for, and those that nobody uses", async () => {
    const { slack, system } = scenario;
    const all = botScopes.map(({ scope }) => scope);
    try {
      slack.grantScopes(all.filter((scope) => scope !== "usergroups:read"));
      const less = await doctor(kubeconfig(), system.environment);
      expect(less.of("Slack: scopes")).toMatchObject({
        state: "bad",
        what: expect.stringContaining("usergroups:read ("),
      });

      slack.grantScopes([...all, "channels:history"]);
      const more = await doctor(kubeconfig(), system.environment);
      expect(more.of("Slack: scopes")).toMatchObject({
        state: "warning",
        what: expect.stringContaining("channels:history"),
      });
    } finally {
      slack.grantScopes(all);
    }
  });

  test("tells a token that Slack refuses, a channel without the app, a Redis that is away", async () => {
    const { slack, system, redis } = scenario;
    const { environment } = system;
    const revoked = await doctor(kubeconfig(), { ...environment, SLACK_BOT_TOKEN: "xoxb-of-another-app" });
    expect(revoked.of("Slack: bot token")).toMatchObject({
      state: "bad",
      mend: expect.stringContaining("SLACK_BOT_TOKEN"),
    });

    slack.changeChannel(slack.channels["db-ops"], { hasBot: false });
    try {
      const outside = await doctor(kubeconfig(), environment);
      expect(outside.of("Slack: channel of cluster main")).toMatchObject({
        state: "bad",
        mend: expect.stringContaining("/invite"),
      });
    } finally {
      slack.changeChannel(slack.channels["db-ops"], { hasBot: true });
    }

    const away = await doctor(kubeconfig(), { ...environment, REDIS_URL: redis.url.replace(/:\d+/, ":1") });
    expect(away.of("Redis")).toMatchObject({ state: "bad" });
  });

  test("tells a configuration that keeps the process from starting, and what was not looked at", async () => {
    const { HANDOVER_CLUSTER: _, ...incomplete } = scenario.system.environment;
    const { of, exitCode } = await doctor([], incomplete);
    expect(of("configuration: worker")).toMatchObject({
      state: "bad",
      what: expect.stringContaining("HANDOVER_CLUSTER"),
    });
    expect(of("configuration: edge")?.state).toBe("not_checked");
    expect(exitCode).toBe(1);

    const nothing = await doctor([], {});
    expect(nothing.findings.map(({ state }) => state)).toEqual(["not_checked", "not_checked"]);
  });
});
