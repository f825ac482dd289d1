import { describe, expect, it } from "vitest";
import { selectorText, workloadView } from "../../../src/adapters/kubernetes/workload-view.ts";
import { pod, setUid, statefulSet } from "./objects.ts";

const names = (view: ReturnType<typeof workloadView>) => view.pods.map((one) => [one.name, one.pod?.uid ?? null]);

describe("a workload as operations see it", () => {
  it("has one entry an ordinal, in order, and null where the pod is missing", () => {
    expect(names(workloadView(statefulSet({ replicas: 3 }), [pod("dolt-2"), pod("dolt-0")]))).toEqual([
      ["dolt-0", "uid of dolt-0"],
      ["dolt-1", null],
      ["dolt-2", "uid of dolt-2"],
    ]);
  });

  it("does not take dolt-10 for dolt-1", () => {
    expect(names(workloadView(statefulSet(), [pod("dolt-0"), pod("dolt-10")]))).toEqual([
      ["dolt-0", "uid of dolt-0"],
      ["dolt-1", null],
    ]);
  });

  it("leaves out a pod of that name that belongs to another StatefulSet, or an earlier one", () => {
    expect(names(workloadView(statefulSet({ replicas: 1 }), [pod("dolt-0", { owner: "another" })]))).toEqual([
      ["dolt-0", null],
    ]);
  });

  it("begins at the ordinal that the StatefulSet begins at", () => {
    const view = workloadView(statefulSet({ replicas: 2, ordinals: { start: 5 } }), [pod("dolt-5"), pod("dolt-0")]);
    expect(names(view)).toEqual([
      ["dolt-5", "uid of dolt-5"],
      ["dolt-6", null],
    ]);
  });

  it("carries identity, annotations and revisions", () => {
    expect(workloadView(statefulSet({}, { "handover.dev/name": "orders" }), [])).toMatchObject({
      namespace: "shop",
      name: "dolt",
      uid: setUid,
      annotations: { "handover.dev/name": "orders" },
      updateRevision: "dolt-2",
      currentRevision: "dolt-1",
    });
  });

  it.each([
    ["by default", {}, 0],
    ["above its partition", { updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: 2 } } }, 2],
    ["not at all with OnDelete", { updateStrategy: { type: "OnDelete" } }, null],
  ])("is rolled out by its controller %s", (_, spec, expected) => {
    expect(workloadView(statefulSet(spec), []).rollsFromOrdinal).toBe(expected);
  });
});

describe("a label selector", () => {
  it("is written as the API's lists take it", () => {
    const matchExpressions = [
      { key: "tier", operator: "In", values: ["db", "cache"] },
      { key: "old", operator: "NotIn", values: ["yes"] },
      { key: "app", operator: "Exists" },
      { key: "test", operator: "DoesNotExist" },
    ];
    expect(selectorText({ matchLabels: { "app.kubernetes.io/name": "dolt" }, matchExpressions })).toBe(
      "app.kubernetes.io/name=dolt,tier in (db,cache),old notin (yes),app,!test",
    );
  });
});
