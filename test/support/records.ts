import type { Approval } from "../../src/domain/approval.ts";
import type { Person } from "../../src/domain/people.ts";
import { fingerprintOf, type Plan } from "../../src/domain/plan.ts";
import { type NewRequest, newRequestRecord, type RequestRecord } from "../../src/domain/request.ts";
import { digestOf, type Signed } from "../../src/domain/signing.ts";
import type { AuditEvent } from "../../src/ports/request-store.ts";

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
    rule: { name: "orders", approvals: 1, approvers: ["UBOB"], expiresAfterMinutes: 15 },
    ...over,
  };
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
    ...over,
  };
}

export function anEvent(over: Partial<AuditEvent> = {}): AuditEvent {
  return { kind: "test", requestId: "r-1", by: { edge: "edge-1" }, facts: {}, ...over };
}
