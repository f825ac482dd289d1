import { generateKeyPairSync } from "node:crypto";
import { describe, expect, test } from "vitest";
import { type Approval, type Grant, grantIdOf, openGrant } from "../../../src/domain/approval.ts";
import { readPublicKeys, readSigningKey, type Signed, signStatement } from "../../../src/domain/signing.ts";
import { alice, anApproval, aPlan, bob } from "../../support/records.ts";

const clusterKey = newKey();
const edgeKey = newKey();
const clusterKeys = readPublicKeys([clusterKey.publicKeyText]);
const edgeKeys = readPublicKeys([edgeKey.publicKeyText]);
const plan = aPlan();
const signedPlan = signStatement(plan, clusterKey);
const approval = anApproval(signedPlan, plan);

describe("a grant", () => {
  test("opens as the plan and the approvals that were signed", () => {
    const opened = openGrant(grantWith([signStatement(approval, edgeKey)]), clusterKeys, edgeKeys);
    expect(opened).toEqual({ ok: true, plan, approvals: [approval] });
  });

  test.each<[string, Partial<Approval>]>([
    ["request", { requestId: "r-2" }],
    ["set of facts", { fingerprint: "0".repeat(64) }],
    ["signed plan", { planDigest: "0".repeat(64) }],
  ])("does not open with an approval for another %s", (_what, over) => {
    const opened = openGrant(grantWith([signStatement({ ...approval, ...over }, edgeKey)]), clusterKeys, edgeKeys);
    expect(opened).toEqual({ ok: false, why: "an approval is for another plan" });
  });

  test("does not open when the edge signed the plan, or the worker the approval", () => {
    const byEdge = { ...grantWith([]), plan: signStatement(plan, edgeKey) };
    expect(openGrant(byEdge, clusterKeys, edgeKeys).ok).toBe(false);
    expect(openGrant(grantWith([signStatement(approval, clusterKey)]), clusterKeys, edgeKeys).ok).toBe(false);
  });

  test("does not open with one person's approval twice, whatever team they came through", () => {
    const twice = [bob, { ...bob }].map((approver) => signStatement({ ...approval, approver }, edgeKey));
    expect(openGrant(grantWith(twice), clusterKeys, edgeKeys).ok).toBe(false);
    const enterprise = { ...bob, enterpriseId: "E1" };
    const throughTeams = [enterprise, { ...enterprise, teamId: "T2" }].map((approver) =>
      signStatement({ ...approval, approver }, edgeKey),
    );
    expect(openGrant(grantWith(throughTeams), clusterKeys, edgeKeys).ok).toBe(false);
  });

  test("is named by its plan, whoever approved it", () => {
    const one = grantIdOf(grantWith([signStatement(approval, edgeKey)]));
    expect(grantIdOf(grantWith([]))).toBe(one);
    const other = { ...grantWith([]), plan: signStatement(aPlan({ requestId: "r-2" }), clusterKey) };
    expect(grantIdOf(other)).not.toBe(one);
  });
});

function grantWith(approvals: Signed[]): Grant {
  return { plan: signedPlan, approvals, requester: alice, expiresAtMs: 10_000 };
}

function newKey() {
  return readSigningKey(
    generateKeyPairSync("ed25519").privateKey.export({ format: "der", type: "pkcs8" }).toString("base64"),
  );
}
