import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { newSigningKeys } from "../../../sandbox/keys.ts";
import { type Environment, readEdgeSettings, readWorkerSettings } from "../../../src/config/environment.ts";
import { HandoverError } from "../../../src/domain/errors.ts";

const edge = newSigningKeys();
const cluster = newSigningKeys();
const yaml = stringify({
  version: 1,
  slack: { teamId: "T0HANDOVER" },
  clusters: [{ name: "demo", channel: "C0DBOPS", publicKey: cluster.publicText }],
  edge: { publicKeys: [edge.publicText] },
  policy: [],
});
const edgeEnvironment: Environment = {
  REDIS_URL: "redis://:hunter2@127.0.0.1:6379",
  SLACK_SIGNING_SECRET: "signing-secret",
  SLACK_BOT_TOKEN: "xoxb-secret",
  HANDOVER_EDGE_KEY: edge.privateText,
  HANDOVER_CONFIG_YAML: yaml,
};
const workerEnvironment: Environment = {
  REDIS_URL: "rediss://redis:6379",
  SLACK_BOT_TOKEN: "xoxb-secret",
  HANDOVER_CLUSTER: "demo",
  HANDOVER_CLUSTER_KEY: cluster.privateText,
  HANDOVER_NAMESPACES: "shop, bank",
  HANDOVER_CONFIG_YAML: yaml,
};

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "handover-environment-"));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe("PagerDuty's token", () => {
  const named = parse(yaml);
  const policy = [{ name: "all", operations: ["dolt.*"], requesters: ["@dba"], approvers: ["@on-call"], approvals: 1 }];
  const groups = { dba: ["U1"], "on-call": { pagerduty: { schedule: "PSCHEDULE" } } };
  const environment = { ...workerEnvironment, HANDOVER_CONFIG_YAML: stringify({ ...named, policy, groups }) };

  it("is needed by workers as soon as the policy names anybody by PagerDuty, and by nobody else", () => {
    expect(readWorkerSettings(workerEnvironment).pagerDuty).toBeNull();
    expect(() => readWorkerSettings(environment)).toThrow("HANDOVER_PAGERDUTY_TOKEN is not set");
    expect(() =>
      readEdgeSettings({ ...edgeEnvironment, HANDOVER_CONFIG_YAML: environment.HANDOVER_CONFIG_YAML }),
    ).not.toThrow();
  });

  it("is taken from the environment or a file, with where to go with it", () => {
    const apiUrl = "https://api.pagerduty.com";
    expect(readWorkerSettings({ ...environment, HANDOVER_PAGERDUTY_TOKEN: "secret" }).pagerDuty).toEqual({
      token: "secret",
      apiUrl,
    });
    const fromFile = { ...environment, HANDOVER_PAGERDUTY_TOKEN_FILE: file("pagerduty-token", "secret\n") };
    const inEurope = { ...fromFile, HANDOVER_PAGERDUTY_API_URL: "https://api.eu.pagerduty.com" };
    expect(readWorkerSettings(inEurope).pagerDuty).toEqual({ token: "secret", apiUrl: "https://api.eu.pagerduty.com" });
  });
});

describe("the edge's environment", () => {
  it("is read with its defaults", () => {
    expect(readEdgeSettings(edgeEnvironment)).toMatchObject({
      port: 3000,
      slack: { apiUrl: "https://slack.com/api/", signingSecret: "signing-secret" },
      edgeKey: { publicKeyText: edge.publicText },
    });
  });

  it("takes every secret from a file, and the configuration", () => {
    const environment: Record<string, string> = { HANDOVER_CONFIG: file("handover.yaml", yaml) };
    for (const name of ["REDIS_URL", "SLACK_SIGNING_SECRET", "SLACK_BOT_TOKEN", "HANDOVER_EDGE_KEY"]) {
      environment[`${name}_FILE`] = file(name, `${edgeEnvironment[name]}\n`);
    }
    const { redisUrl, slack } = readEdgeSettings(environment);
    expect({ redisUrl, botToken: slack.botToken }).toEqual({
      redisUrl: edgeEnvironment.REDIS_URL,
      botToken: "xoxb-secret",
    });
  });

  it.each([
    ["REDIS_URL is not set", { REDIS_URL: undefined }],
    ["REDIS_URL is not the address of a Redis", { REDIS_URL: "hunter2" }],
    ["HANDOVER_EDGE_KEY is not an Ed25519 private key", { HANDOVER_EDGE_KEY: "hunter2" }],
    ["HANDOVER_EDGE_KEY does not belong to edge.publicKeys", { HANDOVER_EDGE_KEY: cluster.privateText }],
    ["PORT is not valid", { PORT: "hunter2" }],
    ["SLACK_BOT_TOKEN and SLACK_BOT_TOKEN_FILE are both set", { SLACK_BOT_TOKEN_FILE: "/nowhere" }],
    [
      "SLACK_BOT_TOKEN_FILE names a file that cannot be read (ENOENT)",
      { SLACK_BOT_TOKEN: "", SLACK_BOT_TOKEN_FILE: "/nowhere" },
    ],
    ["nowhere.yaml cannot be read (ENOENT)", { HANDOVER_CONFIG_YAML: undefined, HANDOVER_CONFIG: "nowhere.yaml" }],
  ])("names what is wrong and never its value: %s", (issue, change) => {
    const what = issuesOf(() => readEdgeSettings({ ...edgeEnvironment, ...change }));
    expect(what).toContain(issue);
    for (const secret of ["hunter2", "xoxb-secret", "signing-secret", edge.privateText])
      expect(what).not.toContain(secret);
  });
});

describe("a worker's environment", () => {
  it("is read with its defaults", () => {
    expect(readWorkerSettings(workerEnvironment)).toMatchObject({
      cluster: "demo",
      namespaces: ["shop", "bank"],
      leaseSeconds: 15,
    });
  });

  it.each([
    ["HANDOVER_CLUSTER is not the name of a cluster", { HANDOVER_CLUSTER: "other" }],
    [
      "HANDOVER_CLUSTER_KEY does not belong to the publicKey of cluster demo",
      { HANDOVER_CLUSTER_KEY: edge.privateText },
    ],
    ["HANDOVER_NAMESPACES is not valid", { HANDOVER_NAMESPACES: "Shop" }],
    ["HANDOVER_NAMESPACES is not set", { HANDOVER_NAMESPACES: "" }],
  ])("names what is wrong: %s", (issue, change) => {
    expect(issuesOf(() => readWorkerSettings({ ...workerEnvironment, ...change }))).toContain(issue);
  });
});

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}

function issuesOf(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    if (error instanceof HandoverError && error.problem.code === "configuration_invalid") return error.problem.what;
    throw error;
  }
  return "";
}
