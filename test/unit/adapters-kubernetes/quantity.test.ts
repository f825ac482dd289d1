import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { podDemand } from "../../../src/adapters/kubernetes/pod-demand.ts";
import { readQuantity } from "../../../src/adapters/kubernetes/quantity.ts";

describe("an amount", () => {
  it.each([
    ["2", 2],
    ["500m", 0.5],
    ["1Gi", 2 ** 30],
    ["1.5Mi", 1.5 * 2 ** 20],
    ["3k", 3_000],
    ["2e3", 2_000],
    ["1E", 1e18],
    [".5", 0.5],
    ["100n", 1e-7],
  ])("%s", (text, amount) => {
    expect(readQuantity(text)).toBeCloseTo(amount);
  });

  it.each(["", "Gi", "1 Gi", "1X", "one", "1..2"])("“%s” is none", (text) => {
    expect(readQuantity(text)).toBeNull();
  });

  it("never throws, whatever it is given", () => {
    fc.assert(fc.property(fc.string(), (text) => ["number", "object"].includes(typeof readQuantity(text))));
  });
});

describe("what a pod takes of a quota", () => {
  const container = (cpu: string, limits?: Record<string, string>) => ({
    resources: { requests: { cpu }, ...(limits === undefined ? {} : { limits }) },
  });

  it("is the sum of its containers, under both names that quotas have for requests", () => {
    expect(podDemand({ containers: [container("500m"), container("1")] })).toEqual({
      pods: 1,
      "count/pods": 1,
      cpu: 1.5,
      "requests.cpu": 1.5,
    });
  });

  it("is the largest of the init containers where those take more; those that stay count beside the others", () => {
    const initContainers = [container("4"), { ...container("1"), restartPolicy: "Always" }];
    expect(podDemand({ containers: [container("1")], initContainers })).toMatchObject({ "requests.cpu": 4 });
    expect(podDemand({ containers: [container("1")], initContainers: [initContainers[1]] })).toMatchObject({ cpu: 2 });
  });

  it("asks for the limit where nothing else is said, and for the overhead", () => {
    const containers = [{ resources: { limits: { memory: "1Gi", "nvidia.com/gpu": "1" } } }];
    expect(podDemand({ containers, overhead: { memory: "1Mi" } })).toMatchObject({
      "limits.memory": 2 ** 30 + 2 ** 20,
      memory: 2 ** 30 + 2 ** 20,
      "requests.nvidia.com/gpu": 1,
    });
    expect(podDemand(undefined)).toEqual({ pods: 1, "count/pods": 1 });
  });
});
