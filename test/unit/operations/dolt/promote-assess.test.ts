import { describe, expect, it } from "vitest";
import type { DoltNode } from "../../../../src/operations/dolt/look.ts";
import { objectionsToPromotion } from "../../../../src/operations/dolt/promote-assess.ts";
import { ManualClock } from "../../../support/manual-clock.ts";
import { noCluster } from "../../../support/no-cluster.ts";
import { answering, silent, viewOf } from "./views.ts";

const context = {
  ...noCluster,
  target: { namespace: "shop", workload: "orders" },
  targetName: "orders",
  clock: new ManualClock(),
  signal: AbortSignal.timeout(60_000),
};

const primary = answering("orders-0", { role: "primary", epoch: 3 });
const standby = answering("orders-1", { role: "standby" });
const empty = answering("orders-0", { role: "primary", databases: [] });
const expired = { kind: "silent", text: "certificate has expired", tls: "expired" } as const;
const tlsTrouble: DoltNode = { ...silent("orders-0", "silent"), silence: expired };

describe("a promotion at a loss", () => {
  it.each<[string, DoltNode[], string[], string[]]>([
    ["is free to go when the primary is silent", [silent("orders-0", "silent"), standby], [], []],
    ["and when its pod is missing", [silent("orders-0", "silent", null), standby], [], []],
    ["and when nobody is primary and all answer", [answering("orders-0", {}), standby], [], []],
    ["is refused while one answers as primary", [primary, standby], [], ["dolt_primary_answers"]],
    ["and while two do", [primary, answering("orders-1", { role: "primary" })], [], ["dolt_many_primaries"]],
    [
      "and while a standby is being reached",
      [silent("orders-0", "silent"), standby],
      ["orders-1"],
      ["dolt_primary_lives"],
    ],
    [
      "and when a server is broken",
      [answering("orders-0", { role: "detected_broken_config" }), standby],
      [],
      ["dolt_broken_config"],
    ],
    [
      "and when one refuses the login: it runs, and may be the primary",
      [silent("orders-0", "login"), standby],
      [],
      ["dolt_credentials"],
    ],
    ["and when TLS alone keeps Handover from one", [tlsTrouble, standby], [], ["dolt_tls"]],
    ["and when one that is primary came back empty: no failover from it", [empty, standby], [], ["dolt_primary_lacks"]],
    [
      "and when nobody answers",
      [silent("orders-0", "silent"), silent("orders-1", "stopped")],
      [],
      ["dolt_nobody_answers"],
    ],
  ])("%s", (_, nodes, reached, codes) => {
    expect(objectionsToPromotion(context, viewOf(nodes), reached).map(({ code }) => code)).toEqual(codes);
  });

  it("names the failover as it is typed where it is read", () => {
    const next = (surface: "slack" | "terminal") =>
      objectionsToPromotion({ ...context, surface }, viewOf([primary, standby]), [])[0]?.next;
    expect(next("slack")).toBe("Hand over while it lives: /dolt failover orders");
    expect(next("terminal")).toBe('Hand over while it lives: npx handover dolt failover shop/orders --reason "…"');
  });
});
