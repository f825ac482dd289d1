import { describe, expect, it } from "vitest";
import { newSigningKeys } from "../../../sandbox/keys.ts";
import { readConfiguration } from "../../../src/config/handover-yaml.ts";
import { HandoverError } from "../../../src/domain/errors.ts";
import { policyHashOf } from "../../../src/domain/policy/hash.ts";
import { recordedRule } from "../../../src/domain/policy/recorded-rule.ts";

const key = newSigningKeys().publicText;

/** A configuration with these lines from line 9 on. */
function configuration(...lines: readonly string[]): string {
  return [
    "version: 1",
    "slack: { teamId: T1 }",
    "clusters:",
    `  - { name: prod, channel: C1, publicKey: ${key} }`,
    `  - { name: test, channel: C2, publicKey: ${key} }`,
    `edge: { publicKeys: [${key}] }`,
    "redis:",
    "  durability: aof",
    ...lines,
    "",
  ].join("\n");
}

const read = (...lines: readonly string[]) => readConfiguration(configuration(...lines), "handover.yaml");

describe("a policy", () => {
  it("names people by id, by e-mail, by usergroup and by groups of its own", () => {
    const { policy } = read(
      "groups:",
      "  dba: [U0ANN, ben@example.com, S0DBA]",
      "  on-call: { pagerduty: { schedule: PSCHED } }",
      "  escalation: { pagerduty: { escalationPolicy: PESC } }",
      "  leads: { users: [U0LEAD], usergroup: S0LEADS }",
      "policy:",
      "  - name: all",
      "    operations: [dolt.*]",
      '    requesters: ["@dba", U0OPS]',
      '    approvals: 1 of @dba and 2 of @on-call or "@leads"'.replaceAll('"', ""),
      "    remindAfterMinutes: [10, 5]",
      '    escalation: [{ afterMinutes: 12, to: ["@escalation"], mayApprove: true }]',
    );
    const [rule] = policy;
    expect(rule?.requesters.text).toBe("@dba or <@U0OPS>");
    expect(rule?.requirements).toEqual([
      {
        count: 1,
        of: "@dba",
        principals: [
          { kind: "user", userId: "U0ANN" },
          { kind: "email", email: "ben@example.com" },
          { kind: "usergroup", id: "S0DBA" },
        ],
      },
      {
        count: 2,
        of: "@on-call or @leads",
        principals: [
          { kind: "pagerduty_schedule", id: "PSCHED" },
          { kind: "usergroup", id: "S0LEADS" },
          { kind: "user", userId: "U0LEAD" },
        ],
      },
    ]);
    expect(rule?.remindAfterMinutes).toEqual([5, 10]);
    expect(rule?.escalation).toMatchObject([{ afterMinutes: 12, to: "@escalation", mayApprove: true }]);
    expect(rule?.whenSlackIsAway).toEqual({ kind: "refuse" });
  });

  it("is the same by its hash when it says the same, and another when a word of it changes", () => {
    const rule = ["policy:", "  - { name: r, operations: [dolt.status], requesters: [U1], approvals: 0 }"];
    const hash = (...lines: string[]) => policyHashOf(read(...lines).policy);
    expect(hash(...rule)).toBe(hash(...rule, "groups: { unused: [U2] }"));
    expect(hash(...rule)).not.toBe(hash(...rule.map((line) => line.replace("U1", "U2"))));
  });

  it("fills in what its links are about, and falls back on the links for all", () => {
    const { policy } = read(
      "links:",
      "  runbook: https://runbooks.example.com/{operation}?db={target}",
      "  dashboards: [{ title: Grafana, url: 'https://grafana.example.com/{cluster}/{namespace}' }]",
      "policy:",
      "  - { name: r, operations: [dolt.failover], requesters: [U1], approvals: 1, approvers: [U2], runbook: 'https://r.example.com' }",
      "  - { name: s, operations: [dolt.scale], requesters: [U1], approvals: 1, approvers: [U2] }",
    );
    const about = { operation: "dolt.scale", target: { cluster: "prod", namespace: "shop", name: "a b/c" } };
    const [first, second] = policy.map((rule) => recordedRule(rule, "hash", { ...about, changesTarget: true }));
    expect(first?.runbook).toBe("https://r.example.com");
    expect(second?.runbook).toBe("https://runbooks.example.com/dolt.scale?db=a%20b%2Fc");
    expect(second?.dashboards).toEqual([{ title: "Grafana", url: "https://grafana.example.com/prod/shop" }]);
    const [rule] = policy;
    if (rule === undefined) throw new Error("there is no rule");
    expect(recordedRule(rule, "hash", { ...about, changesTarget: false })).toMatchObject({
      approvals: 0,
      requirements: [],
    });
  });
});

describe("a policy that cannot mean what it says is an error with line and column", () => {
  const rule = (rest: string, name = "r") => `  - { name: ${name}, operations: [dolt.*], requesters: [U1], ${rest} }`;

  it.each<[string, string[], string]>([
    [
      "a bare handle",
      ["policy:", rule("approvers: [dba]")],
      "line 10, column 68: policy[0].approvers[0] “dba”: is not",
    ],
    [
      "the name of a group without its @",
      ["groups: { dba: [U2] }", "policy:", rule("approvers: [dba]")],
      "line 11, column 68: policy[0].approvers[0] “dba”: write @dba",
    ],
    [
      "a group that is not there",
      ["groups: { dba: [U2] }", "policy:", rule('approvals: ["1 of @dbb"]')],
      "policy[0].approvals[0] “@dbb”: is no group of `groups:`; did you mean @dba?",
    ],
    ["a group of nobody", ["groups: { dba: {} }", "policy: []"], "line 9, column 11: groups.dba names nobody"],
    ["a handle in a group", ["groups: { dba: [anna] }", "policy: []"], "line 9, column 17: groups.dba[0] “anna”"],
    ["a group in a group", ["groups: { dba: ['@ops'] }", "policy: []"], "a group cannot hold another group"],
    ["a group called as a channel", ["groups: { here: [U1] }", "policy: []"], "line 9, column 11: groups.here is what"],
    [
      "an unknown key of a group",
      ["groups: { dba: { userz: [U1] } }", "policy: []"],
      "line 9, column 18: unknown key groups.dba.userz",
    ],
    [
      "a usergroup by its handle",
      ["groups: { dba: { usergroup: dba-team } }", "policy: []"],
      "line 9, column 18: groups.dba.usergroup is not the id of a Slack usergroup",
    ],
    ["approvals that are not understood", ["policy:", rule("approvals: two of @dba")], "“two of @dba” is not like"],
    [
      "approvers beside approvals that say of whom",
      ["policy:", rule("approvals: 1 of U2, approvers: [U3]")],
      "policy[0].approvers goes with a number of approvals",
    ],
    ["approvals of nobody", ["policy:", rule("approvals: 1")], "policy[0].approvals asks for 1, and there are no"],
    [
      "more people than there are, in two requirements",
      ["policy:", rule("approvals: [1 of U2, 1 of U2]")],
      "policy[0].approvals asks for 1 more different people than it names",
    ],
    [
      "nobody but the one who asks",
      ["policy:", rule("approvals: 1 of U1")],
      "policy[0].approvals cannot be had: nobody approves what they asked for themselves",
    ],
    [
      "an operation that there is not",
      ["policy:", rule("approvals: 0").replace("dolt.*", "dolt.failovr")],
      "line 10, column 29: policy[0].operations[0] “dolt.failovr” matches no operation; did you mean dolt.failover?",
    ],
    [
      "a cluster that there is not",
      ["policy:", rule("approvals: 0, clusters: [prod-*]")],
      "policy[0].clusters[0] “prod-*” matches no cluster",
    ],
    [
      "a rule behind one that leaves it nothing",
      ["policy:", rule("approvals: 0", "wide"), rule("approvals: 0, namespaces: [shop], targets: [a*]", "narrow")],
      "line 11, column 7: policy[1].name never decides: whatever it matches is decided before by “wide”",
    ],
    [
      "a rule behind several that leave it nothing together",
      [
        "policy:",
        rule("approvals: 0, clusters: [prod]", "a"),
        rule("approvals: 0, clusters: [test]", "b"),
        rule("approvals: 0", "c"),
      ],
      "policy[2].name never decides: whatever it matches is decided before by “a”, “b”",
    ],
    [
      "a name twice",
      ["policy:", rule("approvals: 0, clusters: [prod]"), rule("approvals: 0")],
      "policy[1].name is the name of another rule",
    ],
    [
      "a reminder after the end",
      ["policy:", rule("approvals: 1, approvers: [U2], remindAfterMinutes: [5, 15]")],
      "policy[0].remindAfterMinutes[1] would come after 15 min, and the request expires after 15",
    ],
    [
      "an escalation after the end",
      ["policy:", rule("approvals: 1, approvers: [U2], escalation: [{ afterMinutes: 20, to: [U3] }]")],
      "policy[0].escalation[0].afterMinutes would come after 20 min",
    ],
    [
      "a bad cron expression",
      ["policy:", rule("approvals: 0, freeze: [{ name: f, timeZone: UTC, cron: '61 * * * *', forMinutes: 5 }]")],
      "policy[0].freeze[0].cron “61 * * * *” is not a cron expression: Invalid value for minute: 61",
    ],
    [
      "a bad time zone",
      ["policy:", rule("approvals: 0, freeze: [{ name: f, timeZone: Berlin, from: 2026-12-24, to: 2026-12-26 }]")],
      "policy[0].freeze[0].timeZone “Berlin” is not a time zone",
    ],
    [
      "a bad day",
      ["policy:", rule("approvals: 0, freeze: [{ name: f, timeZone: UTC, from: 2026-02-30, to: 2026-03-01 }]")],
      "policy[0].freeze[0].from “2026-02-30” is not a day",
    ],
    [
      "an end before the beginning",
      ["policy:", rule("approvals: 0, freeze: [{ name: f, timeZone: UTC, from: 2026-03-02, to: 2026-03-01 }]")],
      "policy[0].freeze[0].to is not after from",
    ],
    [
      "half a window",
      ["policy:", rule("approvals: 0, freeze: [{ name: f, timeZone: UTC, from: 2026-03-02 }]")],
      "policy[0].freeze[0] needs either from and to, or cron and forMinutes",
    ],
    [
      "a rule for when Slack is away that is none",
      ["policy:", rule("approvals: 0, whenSlackIsAway: accept")],
      "policy[0].whenSlackIsAway is neither `refuse` nor",
    ],
    [
      "a link with a placeholder that is none",
      ["policy:", rule("approvals: 0, runbook: 'https://r.example.com/{pod}'")],
      "policy[0].runbook has a placeholder other than",
    ],
    ["a link that is no address", ["policy:", rule("approvals: 0, runbook: wiki")], "is not an address that begins"],
    ["an unknown key", ["policy:", rule("approvals: 0, aproval: 1")], "unknown key policy[0].aproval"],
  ])("%s", (_, lines, issue) => {
    expect(issuesOf(() => read(...lines))).toContain(issue);
  });

  it("but rules that leave something for each other are none", () => {
    expect(
      issuesOf(() =>
        read(
          "policy:",
          rule("approvals: 0, labels: { tier: prod* }", "a"),
          rule("approvals: 0, namespaces: [shop]", "b"),
          rule("approvals: 0, clusters: [prod]", "c"),
          rule("approvals: 0", "d"),
        ),
      ),
    ).toBe("");
  });
});

function issuesOf(look: () => unknown): string {
  try {
    look();
  } catch (error) {
    if (error instanceof HandoverError && error.problem.code === "configuration_invalid") return error.problem.what;
    throw error;
  }
  return "";
}
