import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { newSigningKeys } from "../../../sandbox/keys.ts";
import { givenPolicy } from "../../../src/cli/break-glass.ts";
import { runSideCommand } from "../../../src/cli/side-commands.ts";
import { policyOf } from "../../support/policies.ts";
import { FakeTerminal, FakeWorld, run as runCli } from "./stand-ins.ts";

const key = newSigningKeys().publicText;
const configuration = `version: 1
slack: { teamId: T1 }
clusters:
  - { name: prod, channel: C1, publicKey: ${key} }
  - { name: test, channel: C2, publicKey: ${key} }
edge: { publicKeys: [${key}] }
groups:
  dba: { usergroup: S0DBA }
  on-call: { pagerduty: { schedule: PSCHED } }
  lead: [U0LEAD, boss@example.com]
policy:
  - { name: looking, operations: [dolt.status], requesters: ["@dba"], approvals: 0 }
  - { name: tests, operations: [dolt.*], clusters: [test], requesters: ["@dba"], approvals: 0 }
  - name: production
    operations: [dolt.failover, dolt.restart]
    labels: { tier: prod* }
    requesters: ["@dba", "@on-call"]
    approvals: 1 of @dba and 1 of @on-call
    remindAfterMinutes: [5]
    escalation: [{ afterMinutes: 10, to: ["@lead"], mayApprove: true }]
    reasonRequired: true
    breakGlass: { users: ["oidc:*"] }
    freeze: [{ name: Christmas, from: 2026-12-24, to: 2026-12-26, timeZone: Europe/Berlin }]
`;

let folder: string;
let terminal: FakeTerminal;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "handover-policy-"));
  writeFileSync(join(folder, "handover.yaml"), configuration);
  terminal = new FakeTerminal();
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const run = (...words: string[]) =>
  runSideCommand(["policy", ...words], terminal, { HANDOVER_CONFIG: join(folder, "handover.yaml") });

describe("npx handover policy explain", () => {
  it("tells which rule decides and why, who may ask, and who could approve", async () => {
    const words = ["--operation", "dolt.failover", "--target", "prod/shop/orders", "--label", "tier=prod-eu"];
    expect(await run("explain", ...words, "--user", "U0LEAD", "--at", "2026-12-25T10:00:00Z")).toBe(0);
    for (const line of [
      "dolt.failover on prod/shop/orders (tier=prod-eu)",
      "Rule “production” decides: it is the first that matches.",
      "May ask: @dba or @on-call",
      "Whether U0LEAD may ask is not known here",
      "  1 of @on-call",
      "after 10 min @lead may approve, too",
      "nobody known by name; and whoever else is in @dba, @on-call",
      "The approval of U0LEAD, who asks, never counts",
      "A plan waits 15 min; reminded after 5 min.",
      "Break-glass on the command line: oidc:*.",
      "Frozen until Sun 27 Dec 2026, 00:00 Europe/Berlin (23:00 UTC): Christmas. It would be refused.",
      "“looking”: its operations are dolt.status, and this is dolt.failover.",
      "“tests”: its clusters are test, and this is prod.",
    ]) {
      expect(terminal.stdout).toContain(line);
    }
  });

  it("tells what is denied, with the reason of each rule", async () => {
    expect(await run("explain", "--operation", "dolt.failover", "--target", "orders", "--cluster", "prod")).toBe(0);
    expect(terminal.stdout).toContain("Denied: no rule matches");
    expect(terminal.stdout).toContain(
      "“production”: it is for the label tier=prod*, and the target has no such label.",
    );
  });

  it("says that a question needs no approval", async () => {
    expect(await run("explain", "--operation", "dolt.status", "--target", "test/shop/orders")).toBe(0);
    expect(terminal.stdout).toContain("Approvals: none, because it changes nothing.");
  });

  it.each([
    [["--operation", "dolt.failovr", "--target", "prod/a/b"], "such as dolt.failover"],
    [["--operation", "dolt.failover", "--target", "a/b"], "--cluster takes one of: prod, test"],
    [["--operation", "dolt.failover", "--target", "a/b/c/d"], "NAME, NAMESPACE/NAME or CLUSTER/NAMESPACE/NAME"],
    [["--operation", "dolt.failover", "--target", "prod/a/b", "--at", "tomorrow"], "2026-12-24T18:00:00Z"],
    [["--operation", "dolt.failover", "--target", "prod/a/b", "--label", "tier"], "KEY=VALUE"],
    [["--operation", "dolt.failover", "--target", "prod/a/b", "--look-up"], "SLACK_BOT_TOKEN is not set"],
  ])("%j is answered with what is expected", async (words, answer) => {
    expect(await run("explain", ...words)).toBe(2);
    expect(terminal.stderr).toContain(answer);
  });
});

describe("npx handover policy test", () => {
  const table = (...expectations: string[]) => {
    const path = join(folder, "expectations.yaml");
    const members = `members: { "@dba": [U0ANN, U0BEN], "@on-call": [U0CAT, U0ANN], boss@example.com: [U0BOSS] }`;
    writeFileSync(path, ["version: 1", "config: handover.yaml", members, "expectations:", ...expectations].join("\n"));
    return run("test", path);
  };
  const about = `operation: dolt.failover, target: prod/shop/orders, labels: { tier: prod }, user: U0ANN`;

  it("passes what the policy says, and says so", async () => {
    const code = await table(
      `  - { name: by day, ${about}, at: 2026-12-01T12:00:00Z, expect: { rule: production, mayAsk: true, frozen: false } }`,
      `  - { name: people, ${about}, expect: { mayApprove: [U0BEN, U0CAT, U0BOSS], mayNotApprove: [U0ANN, U0DAN] } }`,
      `  - { name: both, ${about}, expect: { enough: [U0BEN, U0CAT], notEnough: [U0BEN], reasonRequired: true } }`,
      `  - { name: glass, ${about}, expect: { mayBreakGlass: ["oidc:ann"], mayNotBreakGlass: ["system:admin"] } }`,
      `  - { name: Christmas, ${about}, at: 2026-12-25T12:00:00Z, expect: { frozen: Christmas } }`,
      `  - { name: no, operation: dolt.scale, target: prod/shop/orders, user: U0ANN, expect: { rule: denied } }`,
    );
    expect(terminal.stdout).toContain("All 6 expectations are met.");
    expect(code).toBe(0);
  });

  it("tells each difference in words, and exits with 1", async () => {
    const code = await table(
      `  - { name: a, ${about}, expect: { rule: tests, mayAsk: false, mayApprove: [U0DAN], mayNotApprove: [U0BEN] } }`,
      `  - { name: b, ${about}, expect: { enough: [U0BEN], notEnough: [U0BEN, U0CAT], reasonRequired: false } }`,
      `  - { name: c, ${about}, at: 2026-12-01T12:00:00Z, expect: { frozen: Christmas, mayBreakGlass: [kim] } }`,
      `  - { name: d, ${about}, at: 2026-12-25T12:00:00Z, expect: { frozen: false, mayNotBreakGlass: ["oidc:ann"] } }`,
      `  - { name: e, operation: dolt.scale, target: prod/a/b, user: U0ANN, expect: { mayAsk: true, enough: [] } }`,
    );
    expect(code).toBe(1);
    for (const difference of [
      "expected rule “tests” to decide, but rule “production” decides: its clusters are test, and this is prod",
      "expected that U0ANN may not ask, but they may: @dba or @on-call",
      "expected that U0DAN could approve, but they could not: it needs 1 of @dba and 1 of @on-call",
      "expected that U0BEN could not approve, but they could: it needs",
      "expected that U0BEN would be enough, but it needs 1 of @dba and 1 of @on-call",
      "expected that U0BEN and U0CAT would not be enough, but it is",
      "expected that no reason is demanded, but one is",
      "expected “Christmas” to freeze it, but nothing freezes it",
      "expected that kim may break the glass, but the rule names oidc:*",
      "expected no freeze, but “Christmas” does",
      "expected that oidc:ann may not break the glass, but they may",
      "expected that U0ANN may ask, but no rule matches, so it is denied",
      "5 of 5 expectations are not met.",
    ]) {
      expect(terminal.stdout).toContain(difference);
    }
  });

  it("says where the table itself is wrong", async () => {
    expect(await table(`  - { name: a, ${about}, expect: { mayAprove: [U1] } }`)).toBe(2);
    expect(terminal.stderr).toContain("line 5, column");
    expect(terminal.stderr).toContain("unknown key expectations[0].expect.mayAprove");
  });
});

describe("break-glass on a command line that has the policy", () => {
  const world = (users?: string[]) => {
    const made = new FakeWorld();
    const breakGlass = users === undefined ? {} : { breakGlass: { users } };
    made.policy = {
      policy: policyOf([{ name: "r", operations: ["dolt.*"], requesters: ["U1"], approvals: 0, ...breakGlass }]),
      cluster: "prod",
    };
    return made;
  };

  it.each([
    ["a user by name", ["kim@example.com"], 0],
    ["a user by pattern", ["*@example.com"], 0],
    ["a group", ["dba"], 0],
    ["nobody", [], 3],
    ["others", ["oidc:*"], 3],
    ["whoever Kubernetes lets", undefined, 0],
  ])("lets %s", async (_, users, code) => {
    expect(await runCli("dolt failover orders --reason test --yes", terminal, world(users))).toBe(code);
    if (code === 3) expect(terminal.stderr).toContain("does not let kim@example.com do");
  });

  it("refuses what no rule is about, and shows a plan to whoever asks for one", async () => {
    const denied = world(["dba"]);
    denied.policy = { policy: [], cluster: "prod" };
    expect(await runCli("dolt failover orders --reason test --yes", terminal, denied)).toBe(3);
    expect(terminal.stderr).toContain("no rule of it matches");
    expect(await runCli("dolt failover orders --plan", terminal, denied)).toBe(0);
  });

  it("knows its cluster by HANDOVER_CLUSTER, and is not asked where no configuration is named", () => {
    expect(givenPolicy({})).toBeNull();
    const yaml = { HANDOVER_CONFIG_YAML: configuration };
    expect(givenPolicy({ ...yaml, HANDOVER_CLUSTER: "test" })?.cluster).toBe("test");
    expect(() => givenPolicy(yaml)).toThrow("HANDOVER_CLUSTER does not say which");
    expect(() => givenPolicy({ ...yaml, HANDOVER_CLUSTER: "dev" })).toThrow("prod, test");
  });
});
