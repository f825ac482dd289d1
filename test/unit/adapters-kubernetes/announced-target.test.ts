import { describe, expect, it } from "vitest";
import { announcedTarget } from "../../../src/adapters/kubernetes/announced-target.ts";

const announce = (annotations: Record<string, string>) =>
  announcedTarget("prod", { metadata: { name: "dolt", namespace: "shop", annotations } });

describe("a StatefulSet's annotations", () => {
  it("announce a target with its runbooks", () => {
    const target = announce({
      "handover.dev/engine": "dolt",
      "handover.dev/name": "orders",
      "handover.dev/runbook": "https://wiki.example.com/dolt",
      "handover.dev/runbook.failover": "https://wiki.example.com/failover",
    });
    expect(target).toEqual({
      cluster: "prod",
      namespace: "shop",
      name: "orders",
      engine: "dolt",
      workload: "dolt",
      runbooks: { default: "https://wiki.example.com/dolt", failover: "https://wiki.example.com/failover" },
    });
  });

  it("give the target the StatefulSet's name where they give none", () => {
    expect(announce({ "handover.dev/engine": "dolt" })?.name).toBe("dolt");
  });

  it.each([{}, { "handover.dev/name": "orders" }, { "handover.dev/engine": "oracle" }])(
    "announce nothing: %o",
    (annotations) => {
      expect(announce(annotations)).toBeNull();
    },
  );
});
