import { describe, expect, it } from "vitest";
import { mostMissing, quotaTexts } from "../../../../src/operations/kubernetes/judge.ts";
import {
  holderTexts,
  isRolling,
  outdatedPods,
  stateText,
} from "../../../../src/operations/kubernetes/rollout-state.ts";
import type { Budget, BudgetMinimum, RolloutPod, RolloutView } from "../../../../src/ports/rollouts.ts";

const pod = (name: string, more: Partial<RolloutPod> = {}): RolloutPod => ({
  name,
  uid: name,
  createdAtMs: 0,
  isUpdated: true,
  ready: true,
  terminating: false,
  restarts: 0,
  trouble: null,
  failure: null,
  ...more,
});

function view(pods: readonly RolloutPod[], more: Partial<RolloutView> = {}): RolloutView {
  return {
    kind: "StatefulSet",
    namespace: "shop",
    name: "web",
    uid: "u",
    generation: 1,
    isObserved: true,
    template: { digest: "d", restartedAt: null },
    wanted: pods.length,
    strategy: { kind: "rolling", unavailable: 1, surge: 0, partition: 0 },
    paused: false,
    counts: { updated: 0, available: 0, all: 0 },
    isRolled: true,
    manager: null,
    deletesVolumesWhenScaled: false,
    claimTemplates: [],
    firstOrdinal: 0,
    labels: {},
    podDemand: {},
    pods,
    ...more,
  };
}

describe("whether a roll-out is under way", () => {
  const three = (more: Partial<RolloutPod> = {}) => [pod("web-0"), pod("web-1"), pod("web-2", more)];

  it.each([
    ["all is as it is to be", view(three()), false],
    ["a pod of the former version", view(three({ isUpdated: false })), true],
    ["a pod that is ending", view(three({ terminating: true })), true],
    ["a broken pod of the newest version", view(three({ ready: false })), false],
    ["more pods than wanted", view(three(), { wanted: 2 }), true],
    ["fewer, and none of them broken", view(three(), { wanted: 4 }), true],
    ["fewer, because one is broken", view(three({ ready: false }), { wanted: 4 }), false],
    ["a specification that its controller has not seen", view(three(), { isObserved: false }), true],
  ])("%s: %s", (_, seen, rolling) => {
    expect(isRolling(seen)).toBe(rolling);
  });

  it("does not mind former versions below a partition, or with OnDelete", () => {
    const pods = [pod("web-0", { isUpdated: false }), pod("web-1", { isUpdated: false }), pod("web-2")];
    const partition = { kind: "rolling", unavailable: 1, surge: 0, partition: 1 } as const;
    expect(outdatedPods(view(pods, { strategy: partition })).map(({ name }) => name)).toEqual(["web-1"]);
    expect(outdatedPods(view(pods, { strategy: partition, firstOrdinal: 1 }))).toEqual([]);
    expect(isRolling(view(pods, { strategy: { kind: "on_delete" } }))).toBe(false);
  });

  it("is told in a sentence, with the first pods that it waits for", () => {
    const pods = Array.from({ length: 7 }, (_, index) => pod(`web-${index}`, { ready: false, trouble: "app hangs" }));
    expect(stateText(view(pods))).toBe("0 of 7 pods are ready");
    expect(holderTexts(view(pods))).toEqual([...[0, 1, 2, 3].map((at) => `web-${at}: app hangs`), "and 3 more"]);
    expect(stateText(view([pod("web-0", { isUpdated: false })]))).toBe(
      "0 of 1 pods are of the newest version, 1 of 1 pod is ready",
    );
  });
});

describe("how many pods a budget lets go", () => {
  const budget = (minimum: BudgetMinimum): Budget => ({
    name: "b",
    rule: "",
    disruptionsAllowed: 0,
    expectedPods: 0,
    minimum,
  });

  it.each([
    ["atLeast", 2, false, 3, 1],
    ["atLeast", 3, false, 3, 0],
    ["atLeast", 50, true, 3, 1],
    ["atLeast", 100, true, 3, 0],
    ["missingAtMost", 0, false, 3, 0],
    ["missingAtMost", 10, true, 3, 1],
  ] as const)("%s %i (percent: %s) of %i: %i", (kind, value, isPercent, pods, missing) => {
    expect(mostMissing(budget({ kind, value, isPercent }), pods)).toBe(missing);
  });
});

describe("a quota", () => {
  const constraints = (left: Record<string, number>) => ({
    budgets: { seen: true, value: [] } as const,
    quotas: { seen: true, value: [{ name: "few", left }] } as const,
  });
  const seen = view([], { podDemand: { pods: 1, "requests.cpu": 0.1, "requests.memory": 2 ** 29 } });

  it("has room, or says what of which is lacking", () => {
    expect(quotaTexts(constraints({ "requests.cpu": 0.3 }), seen, 3)).toEqual([]);
    expect(quotaTexts(constraints({ "requests.memory": 2 ** 30, pods: 5 }), seen, 3)).toEqual([
      "ResourceQuota few: requests.memory 1536Mi wanted, 1024Mi left",
    ]);
  });

  it("that limits what the pods do not ask for is none of theirs", () => {
    expect(quotaTexts(constraints({ "requests.nvidia.com/gpu": 0 }), seen, 3)).toEqual([]);
  });
});
