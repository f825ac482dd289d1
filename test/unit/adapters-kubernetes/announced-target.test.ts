import { describe, expect, it } from "vitest";
import {
  announcedTarget,
  groupedTargets,
  isOfCrateCluster,
} from "../../../src/adapters/kubernetes/announced-target.ts";
import type { WorkloadKind } from "../../../src/domain/target.ts";

const announce = (annotations: Record<string, string>) =>
  announcedTarget("prod", "StatefulSet", { metadata: { name: "dolt", namespace: "shop", annotations } });

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

describe("the kinds of workload", () => {
  const announced = (kind: WorkloadKind, engine: string) =>
    announcedTarget("prod", kind, {
      metadata: { name: "web", namespace: "shop", annotations: { "handover.dev/engine": engine } },
    });

  it.each(["Deployment", "DaemonSet"] as const)("a %s is an ordinary workload, and no database", (kind) => {
    expect(announced(kind, "kubernetes")).toMatchObject({ engine: "kubernetes", workload: "web", kind });
    expect(announced(kind, "dolt")).toBeNull();
    expect(announced(kind, "cratedb")).toBeNull();
  });

  it("a StatefulSet can be any, and its kind goes without saying", () => {
    expect(announced("StatefulSet", "kubernetes")).not.toHaveProperty("kind");
    expect(announced("StatefulSet", "dolt")).not.toHaveProperty("kind");
  });
});

describe("the StatefulSets of a CrateDB cluster", () => {
  const node = (namespace: string, name: string, cluster?: string, runbook?: string) => ({
    metadata: {
      namespace,
      name,
      annotations: {
        "handover.dev/engine": "cratedb",
        ...(cluster === undefined ? {} : { "handover.dev/name": cluster }),
        ...(runbook === undefined ? {} : { "handover.dev/runbook": runbook }),
      },
    },
  });
  const grouped = (...objects: ReturnType<typeof node>[]) =>
    groupedTargets(objects.flatMap((object) => announcedTarget("prod", "StatefulSet", object) ?? []));

  it("are one target by their name, in each namespace, with the runbooks of all", () => {
    const found = grouped(
      node("shop", "crate-hot", "metrics"),
      node("shop", "crate-master", "metrics", "https://wiki.example.com/metrics"),
      node("other", "crate-hot", "metrics"),
      node("shop", "single"),
    );

    const cluster = { cluster: "prod", engine: "cratedb", kind: "CrateDBCluster" };
    expect(found).toEqual([
      {
        ...cluster,
        namespace: "shop",
        name: "metrics",
        workload: "metrics",
        runbooks: { default: "https://wiki.example.com/metrics" },
      },
      { ...cluster, namespace: "other", name: "metrics", workload: "metrics", runbooks: {} },
      { ...cluster, namespace: "shop", name: "single", workload: "single", runbooks: {} },
    ]);
  });

  it("have the labels that all of them have in common", () => {
    const labelled = (name: string, labels: Record<string, string> | undefined) => {
      const object = node("shop", name, "metrics");
      return { metadata: { ...object.metadata, ...(labels === undefined ? {} : { labels }) } };
    };
    const labels = (...all: (Record<string, string> | undefined)[]) =>
      grouped(...all.map((one, index) => labelled(`crate-${index}`, one)))[0]?.labels;
    expect(labels({ tier: "prod", role: "hot" }, { tier: "prod", role: "master" })).toEqual({ tier: "prod" });
    expect(labels({ tier: "prod" }, undefined)).toEqual({});
    expect(labels(undefined, { tier: "prod" })).toEqual({});
    expect(labels(undefined, undefined)).toBeUndefined();
  });

  it("belong to the cluster that they name, else to one of their own name", () => {
    expect(isOfCrateCluster(node("shop", "crate-hot", "metrics"), "metrics")).toBe(true);
    expect(isOfCrateCluster(node("shop", "single"), "single")).toBe(true);
    expect(isOfCrateCluster(node("shop", "metrics", "other"), "metrics")).toBe(false);
  });
});
