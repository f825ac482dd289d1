import { describe, expect, it } from "vitest";
import { newSigningKeys } from "../../../sandbox/keys.ts";
import { readConfiguration } from "../../../src/config/handover-yaml.ts";
import { HandoverError } from "../../../src/domain/errors.ts";

const key = newSigningKeys().publicText;
const valid = `version: 1
slack:
  teamId: T0HANDOVER
clusters:
  - name: demo
    channel: C0DBOPS
    publicKey: ${key}
edge:
  publicKeys: [${key}]
policy:
  - name: databases
    operations: ["dolt.*"]
    requesters: [U0ALICE]
    approvers: [U0BOB]
`;

describe("handover.yaml", () => {
  it("is read with its defaults", () => {
    const configuration = readConfiguration(valid, "handover.yaml");
    expect(configuration.redis.durability).toBe("aof");
    expect(configuration.policy[0]).toMatchObject({
      requirements: [{ count: 1, of: "<@U0BOB>", principals: [{ kind: "user", userId: "U0BOB" }] }],
      expiresAfterMinutes: 15,
      targets: ["*"],
    });
  });

  it.each([
    ["an unknown key", valid.replace("approvers:", "aprovers:"), "line 14, column 5: unknown key policy[0].aprovers"],
    ["a missing part", valid.replace("version: 1\n", ""), "line 1, column 1: version"],
    [
      "a name twice",
      `${valid}redis:\n  durability: aof\n  durability: aof\n`,
      "line 17, column 3: Map keys must be unique",
    ],
    [
      "a channel by its name",
      valid.replace("C0DBOPS", '"#db-ops"'),
      "line 6, column 5: clusters[0].channel is not the id",
    ],
    ["a key that is none", valid.replace(key, "AAAA"), "line 7, column 5: clusters[0].publicKey is not an Ed25519"],
    [
      "more approvals than approvers",
      `${valid}    approvals: 2\n`,
      "line 15, column 5: policy[0].approvals asks for 1 more different people than it names",
    ],
    ["a broken text", "version: [1", "line 1, column 12"],
    ["nothing at all", "", "line 1, column 1: the document"],
    [
      "a cluster twice",
      `${valid.replace("edge:", `  - { name: demo, channel: C1, publicKey: ${key} }\nedge:`)}`,
      "names one cluster twice",
    ],
  ])("says where %s is", (_, text, issue) => {
    expect(issuesOf(() => readConfiguration(text, "handover.yaml"))).toContain(issue);
  });
});

function issuesOf(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    if (error instanceof HandoverError && error.problem.code === "configuration_invalid") return error.problem.what;
    throw error;
  }
  return "";
}
