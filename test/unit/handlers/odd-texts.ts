import fc from "fast-check";
import type { Plan } from "../../../src/domain/plan.ts";
import { type RequestRecord, requestStates, wishKinds } from "../../../src/domain/request.ts";
import type { Signed } from "../../../src/domain/signing.ts";
import { planned } from "../../../src/domain/transitions/planning.ts";
import { anApproval, aPlan, aRecord, bob, orders, unverified } from "../../support/records.ts";

/** Texts as nobody hopes for them. */
export const odd = fc.oneof(
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.string({ unit: "grapheme", minLength: 1, maxLength: 3_200, size: "max" }),
  fc.constantFrom("<!channel>", "&".repeat(3_100), "😀".repeat(1_600), "<@U12345>".repeat(350), ""),
  fc.constantFrom(
    "מסד הנתונים של ההזמנות \u202e",
    "`*_~> |<!here> <!subteam^S1|x> <https://evil.example|ok>",
    "👩‍👩‍👧‍👦".repeat(400),
  ),
);
/** The same, never empty. */
export const filled = odd.map((text) => text || "x");
/** A record whose every text is odd. */
export const oddRecord = fc
  .record({
    state: fc.constantFrom(...requestStates),
    name: filled,
    namespace: filled,
    cluster: fc.string({ unit: "binary", minLength: 1, maxLength: 63 }),
    reason: odd,
    runbook: fc.oneof(
      odd,
      odd.map((text) => `https://${text}`),
    ),
    lines: fc.array(filled, { maxLength: 20 }),
    problems: fc.array(fc.record({ code: odd, kind: fc.constant("failed" as const), what: odd, next: odd }), {
      maxLength: 20,
    }),
    ms: fc.double({ min: 0, max: 1e7, noNaN: true }),
    wish: fc.constantFrom(null, ...wishKinds),
  })
  .map((odds): RequestRecord => {
    const target = {
      ...orders,
      name: odds.name,
      namespace: odds.namespace,
      cluster: odds.cluster,
      runbooks: { default: odds.runbook },
    };
    const record = aRecord({ target, reason: odds.reason });
    const state = odds.ms > 8e6 ? "pending" : "done";
    const steps = odds.lines.map(
      (title, index) => ({ id: `${index}`, title, state, note: title, safePoint: true }) as const,
    );
    const plan = aPlan({
      now: odds.lines,
      steps: steps.map(({ id, title }) => ({ id, title })),
      cost: odds.reason,
      bounds: odds.lines,
      warnings: odds.lines.map((text) => ({ code: "odd", text })),
    });
    const signed = unverified(plan);
    const outcome = { atMs: 5_000, summary: odds.reason, writesStoppedMs: odds.ms, problems: odds.problems };
    return {
      ...plannedRecord(record, signed, plan),
      state: odds.state,
      approvals: odds.lines.map(() => unverified(anApproval(signed, plan))),
      ...(odds.ms > 5e6 ? { execution: { id: "e-1", worker: "w", startedAtMs: 1, steps, committed: true } } : {}),
      ...(odds.wish === null ? {} : { wish: { kind: odds.wish, by: bob, atMs: 1 } }),
      ...(odds.ms > 2e6 ? { outcome } : {}),
    };
  });

function plannedRecord(record: RequestRecord, signed: Signed, plan: Plan): RequestRecord {
  const transition = planned(record, signed, plan, 2_000);
  if (!transition.ok) throw new Error(transition.problem.what);
  return transition.record;
}
