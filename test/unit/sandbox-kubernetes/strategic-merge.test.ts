import { describe, expect, test } from "vitest";
import { applyStrategicMerge } from "../../../sandbox/kubernetes/patches/strategic-merge.ts";

describe("strategic merge patches", () => {
  const pod = {
    metadata: { finalizers: ["a", "b"] },
    spec: {
      containers: [
        { name: "one", image: "x:1", env: [{ name: "A", value: "1" }] },
        { name: "two", image: "y:1" },
      ],
    },
  };

  test("items with a key are merged, others kept", () => {
    const patch = { spec: { containers: [{ name: "one", env: [{ name: "B", value: "2" }] }] } };
    expect(applyStrategicMerge(pod, patch).spec).toEqual({
      containers: [
        {
          name: "one",
          image: "x:1",
          env: [
            { name: "A", value: "1" },
            { name: "B", value: "2" },
          ],
        },
        { name: "two", image: "y:1" },
      ],
    });
  });

  test("an item is deleted by its key", () => {
    const patch = { spec: { containers: [{ name: "two", $patch: "delete" }] } };
    expect(applyStrategicMerge(pod, patch).spec).toMatchObject({ containers: [{ name: "one" }] });
  });

  test("a list or an object is replaced on order", () => {
    const list = { spec: { containers: [{ $patch: "replace" }, { name: "three" }] } };
    expect(applyStrategicMerge(pod, list).spec).toEqual({ containers: [{ name: "three" }] });
    const object = { metadata: { $patch: "replace", labels: { a: "b" } } };
    expect(applyStrategicMerge(pod, object).metadata).toEqual({ labels: { a: "b" } });
  });

  test("values leave a set, and items take an order", () => {
    expect(applyStrategicMerge(pod, { metadata: { "$deleteFromPrimitiveList/finalizers": ["a"] } }).metadata).toEqual({
      finalizers: ["b"],
    });
    const order = { spec: { "$setElementOrder/containers": [{ name: "two" }, { name: "one" }] } };
    expect(applyStrategicMerge(pod, order).spec).toMatchObject({ containers: [{ name: "two" }, { name: "one" }] });
  });

  test("what is patched stays as it was", () => {
    const before = structuredClone(pod);
    applyStrategicMerge(pod, { spec: { containers: [{ name: "one", image: "z" }] }, metadata: null });
    expect(pod).toEqual(before);
  });
});
