import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { homeView } from "../../../handlers/home/home-view.ts";
import { limits } from "../../../handlers/messages/blocks.ts";
import { faceMessage } from "../../../handlers/messages/face.ts";
import { freezeMessage, freezeRecordedMessage } from "../../../handlers/messages/freezes.ts";
import { historyMessage, statusMessage } from "../../../handlers/messages/lists.ts";
import { problemMessage } from "../../../handlers/messages/problems.ts";
import { acceptanceModal } from "../../../handlers/views/acceptance-modal.ts";
import { denialModal } from "../../../handlers/views/denial-modal.ts";
import { answeredForm, choiceForm, optionsForm, placeholderForm } from "../../../handlers/views/form-view.ts";
import { blockKitErrors, viewErrors } from "../../../sandbox/slack/block-kit.ts";
import type { FreezeWish } from "../../../src/domain/freeze.ts";
import type { RequestRecord } from "../../../src/domain/request.ts";
import type { AnnouncedTarget } from "../../../src/domain/target.ts";
import { planned } from "../../../src/domain/transitions/planning.ts";
import { catalogue } from "../../../src/operations/catalogue.ts";
import type { ChatMessage, HomeView, ModalView } from "../../../src/ports/chat.ts";
import { aPlan, aRecord, aRecordedRule, bob, orders, unverified } from "../../support/records.ts";
import { filled, odd, oddRecord } from "./odd-texts.ts";

/** Whatever people, servers and configuration say: Slack takes the message, and nobody is called who should not be. */

const oddName = fc.oneof(filled, fc.string({ unit: "binary", minLength: 1, maxLength: 253 }));
const oddWish: fc.Arbitrary<FreezeWish> = fc
  .record({
    kind: fc.constantFrom("freeze" as const, "unfreeze" as const),
    name: fc.oneof(oddName, fc.constant("*")),
    namespace: oddName,
    reason: odd,
    untilMs: fc.constantFrom(null, 1_795_000_000_000),
  })
  .map(({ kind, name, namespace, reason, untilMs }) => ({
    id: "f-1",
    kind,
    scope: { cluster: "main", namespace, name, workload: name },
    by: bob,
    reason,
    atMs: 1_000,
    untilMs,
    channelId: "C1",
  }));
const oddTarget: fc.Arbitrary<AnnouncedTarget> = fc
  .record({ name: oddName, namespace: oddName })
  .map((names) => ({ ...orders, ...names }));

describe("every message", () => {
  it("about freezes is one that Slack takes, and calls nobody", () => {
    fc.assert(
      fc.property(oddWish, (wish) => {
        expectAcceptable(freezeMessage(wish));
        expectAcceptable(freezeRecordedMessage(wish));
      }),
      { numRuns: 60 },
    );
  });

  it("that lists requests and clusters is one that Slack takes, and calls nobody", () => {
    fc.assert(
      fc.property(
        fc.array(oddRecord, { maxLength: 15 }),
        fc.array(oddWish, { maxLength: 30 }),
        oddName,
        (records, wishes, name) => {
          const listed = records.map((record, index) => ({
            record,
            link: index % 2 === 0 ? null : "https://example.slack.com/archives/C1/p1",
          }));
          const freezes = wishes.map(({ scope, reason, untilMs }) => ({ scope, by: name, reason, untilMs }));
          const cluster = { name, isAlive: records.length > 3, seenAgoMs: 4_000, targets: 3, freezes, open: records };
          expectAcceptable(historyMessage(name, listed));
          expectAcceptable(historyMessage("<!channel>", listed));
          expectAcceptable(statusMessage([cluster, { ...cluster, seenAgoMs: null }]));
          const content = { waiting: listed, open: listed, recent: listed, clusters: [cluster], drawnAtMs: 1_000 };
          expectView(homeView(content));
        },
      ),
      { numRuns: 25 },
    );
  });
});

describe("every modal", () => {
  const metadata = { engine: "dolt", channelId: "C1" } as const;

  it("of the form is one that Slack takes, with any targets, however many", () => {
    fc.assert(
      fc.property(fc.array(oddTarget, { maxLength: 130, size: "max" }), oddTarget, odd, (targets, target, text) => {
        expectView(placeholderForm(metadata));
        expectView(choiceForm(metadata, catalogue, targets));
        for (const definition of catalogue) {
          const chosen = { operation: definition.name, target: "demo/shop/orders" };
          const asks = { reasonRequired: true, approvals: text };
          expectView(optionsForm({ ...metadata, chosen }, definition, target, asks));
        }
        expectView(answeredForm(metadata, problemMessage({ code: "x", what: text, next: text })));
      }),
      { numRuns: 20 },
    );
  });

  it("that a click opens is one that Slack takes", () => {
    const click = {
      value: { cluster: "main", requestId: "r-1", fingerprint: "f".repeat(64) },
      channelId: "C1",
      messageTs: "1.0",
    };
    fc.assert(
      fc.property(oddRecord, filled, (record, text) => {
        expectView(denialModal(record, click));
        const acceptance = { title: text, figures: [text, text], flag: "accept", given: false };
        expectView(acceptanceModal(record, acceptance, click));
      }),
      { numRuns: 40 },
    );
  });
});

describe("a face", () => {
  it("of 40 pods and 200 databases shows all of it, and its buttons", () => {
    const pods = Array.from(
      { length: 40 },
      (_, index) => `Restart orders-${index}, once all of its databases are caught up`,
    );
    const databases = Array.from(
      { length: 200 },
      (_, index) => `customer_database_${index}: caught up, lag 0 s, 12 branches`,
    );
    const message = faceMessage(
      waiting({ now: databases, steps: pods.map((title, index) => ({ id: `${index}`, title })) }),
    );
    expectAcceptable(message);
    const text = JSON.stringify(message.blocks);
    for (const line of [...databases, ...pods]) expect(text).toContain(line);
    expect(text).toContain('"text":"Approve"');
  });

  it("that holds more than a message can says so, and keeps every step and its buttons", () => {
    const now = Array.from({ length: 300 }, (_, index) => `database_${index} ${"is caught up ".repeat(40)}`);
    const message = faceMessage(waiting({ now, steps: [{ id: "demote", title: "Demote orders-0" }] }));
    expectAcceptable(message);
    const text = JSON.stringify(message.blocks);
    expect(message.blocks).toHaveLength(limits.blocks);
    for (const part of ["it is not all shown", "Demote orders-0", '"text":"Approve"']) expect(text).toContain(part);
  });

  it("says first who still has to approve, and leads to runbook and dashboards of target and policy", () => {
    const target = {
      ...orders,
      runbooks: { failover: "https://wiki.example.com/failover" },
      dashboards: { default: "https://grafana.example.com/orders" },
    };
    const rule = aRecordedRule({
      approvers: ["UBOB", "UCAROL"],
      approvals: 2,
      runbook: "https://wiki.example.com/policy",
      dashboards: [{ title: "Lag", url: "https://grafana.example.com/{target}" }],
    });
    const message = faceMessage(waiting({}, aRecord({ target, rule })));
    const text = JSON.stringify(message.blocks);
    expect(text).toContain("0 of 2 approvals · needs 2 of");
    expect(text).toContain("https://wiki.example.com/failover");
    expect(text).not.toContain("https://wiki.example.com/policy");
    expect(text).toContain("https://grafana.example.com/orders");
    expect(text).toContain('"text":"Lag"');
    expectAcceptable(message);
    expect(message.text).toBe(
      "Approve? dolt failover of orders (main/shop): 0 of 2 approvals, expires 00:15 UTC. Writes stop for about 0.1 s.",
    );
  });
});

function waiting(over: Parameters<typeof aPlan>[0], record = aRecord()): RequestRecord {
  const plan = aPlan({ requestId: record.id, ...over });
  const next = planned(record, unverified(plan), plan, 2_000);
  if (!next.ok) throw new Error(next.problem.what);
  return next.record;
}

function expectAcceptable(message: ChatMessage): void {
  expect(blockKitErrors([...message.blocks])).toEqual([]);
  expect(message.text.length).toBeGreaterThan(0);
  expect(message.text.length).toBeLessThanOrEqual(limits.messageText);
  expectCallsNobody(`${message.text}${JSON.stringify(message.blocks)}`);
}

function expectView(view: ModalView | HomeView): void {
  expect(viewErrors(view)).toEqual([]);
  // Values of options are never shown.
  expectCallsNobody(JSON.stringify(view.blocks, (key, value: unknown) => (key === "value" ? undefined : value)));
}

/** Dates are the one control sequence of the kind that is wanted. */
function expectCallsNobody(text: string): void {
  expect(text).not.toMatch(/<!(?!date\^)/);
}
