import type { Approval } from "../../src/domain/approval.ts";
import type { Person } from "../../src/domain/people.ts";
import { fingerprintOf, type Plan } from "../../src/domain/plan.ts";
import type { PlannedApproval } from "../../src/domain/policy/planned-approval.ts";
import { recordedRule } from "../../src/domain/policy/recorded-rule.ts";
import type { WrittenPolicy } from "../../src/domain/policy/written.ts";
import { type NewRequest, newRequestRecord, type RequestRecord } from "../../src/domain/request.ts";
import { digestOf, type Signed } from "../../src/domain/signing.ts";
import type { AuditEvent } from "../../src/ports/request-store.ts";
import { ruleOf } from "./policies.ts";

/** Ready-made domain values, each the same every time but for what is given. */

export const alice: Person = { teamId: "T1", userId: "UALICE" };
export const bob: Person = { teamId: "T1", userId: "UBOB" };

export const orders: RequestRecord["target"] = {
  cluster: "main",
  namespace: "shop",
  name: "orders",
  engine: "dolt",
  workload: "orders",
  runbooks: {},
};

export function aNewRequest(over: Partial<NewRequest> = {}): NewRequest {
  return {
    id: "r-1",
    operation: "dolt.failover",
    target: orders,
    parameters: {},
    requester: alice,
    channelId: "C1",
    rule: aRecordedRule(),
    ...over,
  };
}

/** What a request keeps of a rule that is written like this: by default UALICE may ask, and UBOB approve. */
export function aRecordedRule(written: Partial<WrittenPolicy[number]> = {}): RequestRecord["rule"] {
  const rule = ruleOf({ name: "orders", requesters: ["UALICE"], approvers: ["UBOB"], approvals: 1, ...written });
  return recordedRule(rule, "policy", { operation: "dolt.failover", target: orders, changesTarget: true });
}

/** What a plan lists of users by id: each is who they are. */
export function listed(...userIds: readonly string[]): PlannedApproval {
  const members = userIds.map((userId) => ({
    principal: `user:${userId}`,
    membership: { members: [userId], asOfMs: 1_000 },
  }));
  return { rule: "orders", policyHash: "policy", members };
}

export function aRecord(over: Partial<NewRequest> = {}, nowMs = 1_000): RequestRecord {
  return newRequestRecord(aNewRequest(over), nowMs);
}

export function aPlan(over: Partial<Plan> = {}): Plan {
  const facts = over.facts ?? [{ name: "primary", value: "orders-0" }];
  const warnings = over.warnings ?? [];
  return {
    version: 1,
    requestId: "r-1",
    operation: "dolt.failover",
    target: { cluster: orders.cluster, namespace: orders.namespace, name: orders.name, workload: orders.workload },
    requester: alice,
    parameters: {},
    facts,
    fingerprint: fingerprintOf(facts, warnings),
    now: ["orders-0 is primary at epoch 5"],
    steps: [{ id: "demote", title: "Demote orders-0 to standby" }],
    cost: "Writes stop for about 0.1 s.",
    bounds: [],
    warnings,
    details: null,
    approval: listed("UBOB", "UCAROL"),
    madeAtMs: 1_000,
    ...over,
  };
}

/** A statement with a signature that no key made: for whatever does not verify it. */
export function unverified(statement: object): Signed {
  return { keyId: "no-key", payload: JSON.stringify(statement), signature: "bm9uZQ==" };
}

export function anApproval(signedPlan: Signed, plan: Plan, over: Partial<Approval> = {}): Approval {
  return {
    version: 1,
    requestId: plan.requestId,
    fingerprint: plan.fingerprint,
    planDigest: digestOf(signedPlan),
    approver: bob,
    atMs: 2_000,
    message: { channelId: "C1", ts: "1.0" },
    rights: [{ requirement: 0, principal: "user:UBOB", asOfMs: null }],
    ...over,
  };
}

export function anEvent(over: Partial<AuditEvent> = {}): AuditEvent {
  return { kind: "test", requestId: "r-1", by: { edge: "edge-1" }, facts: {}, ...over };
}
