import { beforeEach, describe, expect, it } from "vitest";
import { newSigningKeys } from "../../../sandbox/keys.ts";
import { type Approval, approvalSchema } from "../../../src/domain/approval.ts";
import { fingerprintOf, type Plan } from "../../../src/domain/plan.ts";
import type { WrittenPolicy } from "../../../src/domain/policy/written.ts";
import { newRequestRecord, type RequestRecord } from "../../../src/domain/request.ts";
import { digestOf, readPublicKeys, readSigningKey, type Signed, signStatement } from "../../../src/domain/signing.ts";
import { admit } from "../../../src/execution/admission.ts";
import type { WorkloadMarks } from "../../../src/ports/workloads.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { MemoryMemberships } from "../../support/memory-memberships.ts";
import { noCluster } from "../../support/no-cluster.ts";
import { policyOf } from "../../support/policies.ts";
import { aRecordedRule, listed } from "../../support/records.ts";
import { switchingOperation, type TestOperation } from "../../support/test-operation.ts";

const cluster = newSigningKeys();
const edge = newSigningKeys();
const stranger = newSigningKeys();
const clusterKey = readSigningKey(cluster.privateText);
const edgeKey = readSigningKey(edge.privateText);
const alice = { teamId: "T1", userId: "UALICE" };
const bob = { teamId: "T1", userId: "UBOB" };
const carol = { teamId: "T1", userId: "UCAROL" };

describe("the admission of a grant", () => {
  let clock: ManualClock;
  let rule: WrittenPolicy[number];
  let groups: Record<string, string[]>;
  let memberships: MemoryMemberships;
  let operation: TestOperation;
  let objection: (userId: string) => Promise<string | null>;
  let annotations: Record<string, string>;

  beforeEach(() => {
    clock = new ManualClock();
    memberships = new MemoryMemberships(clock);
    groups = {};
    operation = switchingOperation();
    objection = async () => null;
    annotations = { "handover.dev/engine": "dolt" };
    rule = {
      name: "failover",
      operations: ["dolt.*"],
      requesters: [alice.userId],
      approvers: [bob.userId, carol.userId],
      approvals: 1,
      expiresAfterMinutes: 15,
    };
  });

  const admission = (record: RequestRecord) =>
    admit(
      record,
      clock.nowMs(),
      operation,
      {
        ...noCluster,
        workloads: { ...noCluster.workloads, marks: async () => [workload(annotations)] },
        target: { namespace: "shop", workload: "orders" },
        targetName: "orders",
        clock,
        signal: new AbortController().signal,
      },
      {
        policy: policyOf([rule], { groups }),
        memberships,
        clusterKeys: readPublicKeys([cluster.publicText]),
        edgeKeys: readPublicKeys([edge.publicText]),
        people: { look: async (person) => ({ objection: await objection(person.userId), person }) },
      },
    );
  const codesOf = async (record: RequestRecord) => {
    const result = await admission(record);
    return result.kind === "refused" ? result.problems.map((one) => one.code) : result.kind;
  };

  it("admits what was planned by the cluster and approved by an approver who stands", async () => {
    expect(await codesOf(approved(signedPlan(), [bob]))).toBe("admitted");
  });

  it.each([
    [
      "a plan that another key signed",
      () => approved(signStatement(plan(), readSigningKey(stranger.privateText)), [bob]),
    ],
    ["an approval that another key signed", () => approved(signedPlan(), [bob], readSigningKey(stranger.privateText))],
    ["an approval signed by the cluster's key", () => approved(signedPlan(), [bob], clusterKey)],
    ["a plan whose text was changed", () => tampered(approved(signedPlan(), [bob]))],
    ["no approval at all", () => approved(signedPlan(), [])],
    ["one person's approval twice", () => approved(signedPlan(), [bob, bob])],
    ["a plan of another request", () => approved(signedPlan({ requestId: "r-2" }), [bob])],
    [
      "a plan for another target",
      () =>
        approved(signedPlan({ target: { cluster: "c", namespace: "shop", name: "billing", workload: "orders" } }), [
          bob,
        ]),
    ],
    [
      "a plan whose fingerprint is not that of its facts",
      () => approved(signedPlan({ fingerprint: "1".repeat(64) }), [bob]),
    ],
    ["an approval of another plan", () => ({ ...approved(signedPlan(), [bob]), plan: signedPlan({ cost: "more" }) })],
    ["another requester than the plan's", () => ({ ...approved(signedPlan(), [bob]), requester: carol })],
  ])("refuses %s", async (_what, record) => {
    expect(await codesOf(record())).toEqual(["grant_invalid"]);
  });

  it("counts the approvals by its own policy, not by the record's", async () => {
    rule = { ...rule, approvals: 2 };

    expect(await codesOf(approved(signedPlan(), [bob]))).toEqual(["grant_invalid"]);
    expect(await codesOf(approved(signedPlan(), [bob, carol]))).toBe("admitted");
  });

  it("refuses the requester's own approval", async () => {
    rule = { ...rule, approvers: [alice.userId, bob.userId] };

    expect(await codesOf(approved(signedPlan(), [alice]))).toEqual(["approver_no_longer_stands"]);
  });

  it("refuses an approver whom the policy does not name any more", async () => {
    rule = { ...rule, approvers: [carol.userId] };

    expect(await codesOf(approved(signedPlan(), [bob]))).toEqual(["approver_no_longer_stands"]);
  });

  it("refuses an approver whose account fell, by name", async () => {
    objection = async (userId) => (userId === bob.userId ? "the account is deactivated" : null);

    expect(await codesOf(approved(signedPlan(), [bob]))).toEqual(["approver_no_longer_stands"]);
  });

  it("takes no answer from Slack for a no", async () => {
    objection = async (userId) => {
      if (userId === bob.userId) throw new Error("no answer");
      return null;
    };

    expect(await codesOf(approved(signedPlan(), [bob]))).toEqual(["people_lookup_failed"]);
  });

  it("expires by what is signed, whatever the record says", async () => {
    const record = { ...approved(signedPlan(), [bob]), expiresAtMs: clock.nowMs() + 1_000_000_000 };
    await clock.pass(15 * 60_000);

    expect(await codesOf(record)).toEqual(["request_expired"]);
  });

  it("refuses what nothing in its policy allows", async () => {
    rule = { ...rule, operations: ["dolt.restart"] };

    expect(await codesOf(approved(signedPlan(), [bob]))).toEqual(["requester_not_allowed"]);
  });

  it("refuses a plan whose name leads to another workload than the one that was planned for", async () => {
    const record = approved(signedPlan(), [bob]);

    expect(await codesOf({ ...record, target: { ...record.target, workload: "billing" } })).toEqual(["grant_invalid"]);
  });

  it.each([
    ["has lost its annotation", {}],
    ["is another engine's", { "handover.dev/engine": "cratedb" }],
    ["is annotated with another name", { "handover.dev/engine": "dolt", "handover.dev/name": "sandbox" }],
  ])("refuses a workload that %s", async (_what, found) => {
    annotations = found;

    expect(await codesOf(approved(signedPlan(), [bob]))).toEqual(["target_not_annotated"]);
  });

  it("says which fact has changed, from what to what", async () => {
    const record = approved(signedPlan({ facts: [{ name: "primary", value: "orders-1" }] }), [bob]);

    expect(await admission(record)).toEqual({ kind: "stale", changes: ["primary: orders-1 → orders-0"] });
  });

  it("refuses a frozen target, also when the freeze cannot be read", async () => {
    annotations = { ...annotations, "handover.dev/freeze": "do not touch before Monday" };

    expect(await codesOf(approved(signedPlan(), [bob]))).toEqual(["target_frozen"]);
  });

  function plan(change: Partial<Plan> = {}): Plan {
    const facts = change.facts ?? [{ name: "primary", value: "orders-0" }];
    return {
      version: 1,
      requestId: "r-1",
      operation: "dolt.failover",
      target: { cluster: "c", namespace: "shop", name: "orders", workload: "orders" },
      requester: alice,
      parameters: {},
      facts,
      fingerprint: fingerprintOf(facts, []),
      now: [],
      steps: [{ id: "look", title: "look" }],
      cost: "",
      bounds: [],
      warnings: [],
      details: null,
      approval: listed(alice.userId, bob.userId, carol.userId),
      madeAtMs: clock.nowMs(),
      ...change,
    };
  }

  function signedPlan(change: Partial<Plan> = {}): Signed {
    return signStatement(plan(change), clusterKey);
  }

  function approved(signed: Signed, approvers: readonly Approval["approver"][], key = edgeKey): RequestRecord {
    const { fingerprint, requestId } = plan({ ...JSON.parse(signed.payload) });
    const approvals = approvers.map((approver) =>
      signStatement(
        approvalSchema.parse({
          version: 1,
          requestId,
          fingerprint,
          planDigest: digestOf(signed),
          approver,
          atMs: clock.nowMs(),
          message: { channelId: "C1", ts: "1.1" },
          rights: [],
        }),
        key,
      ),
    );
    const target = {
      cluster: "c",
      namespace: "shop",
      name: "orders",
      engine: "dolt",
      workload: "orders",
      runbooks: {},
    } as const;
    const asked = { id: "r-1", operation: "dolt.failover", target, parameters: {}, requester: alice, channelId: "C1" };
    const record = newRequestRecord({ ...asked, rule: aRecordedRule() }, clock.nowMs());
    return { ...record, state: "approved", plan: signed, approvals, expiresAtMs: clock.nowMs() + 15 * 60_000 };
  }
});

function tampered(record: RequestRecord): RequestRecord {
  const { plan } = record;
  if (plan === undefined) throw new Error("there is no plan to change");
  return { ...record, plan: { ...plan, payload: plan.payload.replace("orders-0", "orders-2") } };
}

function workload(annotations: Record<string, string>): WorkloadMarks {
  return { kind: "StatefulSet", namespace: "shop", name: "orders", uid: "u", annotations };
}
