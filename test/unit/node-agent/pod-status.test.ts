import type { V1Pod } from "@kubernetes/client-node";
import { describe, expect, it } from "vitest";
import { type ContainerState, podStatus } from "../../../sandbox/node-agent/pod-status.ts";

const START = new Date("2026-11-01T00:00:00Z");
const LATER = new Date("2026-11-01T00:01:00Z");
const ended = { exit: { exitCode: 137, signal: "SIGKILL" }, startedAt: START, finishedAt: LATER };

function pod(restartPolicy: string): V1Pod {
  return { spec: { restartPolicy, containers: [{ name: "dolt" }] } };
}

function container(change: Partial<ContainerState>): ContainerState {
  const now = { kind: "running", startedAt: START } as const;
  return { name: "dolt", image: "dolt", now, last: undefined, ready: true, restarts: 0, ...change };
}

function status(state: ContainerState, restartPolicy = "Always", before = {}) {
  return podStatus(pod(restartPolicy), "127.1.2.3", START, [state], before, LATER);
}

const readyCondition = ({ conditions }: ReturnType<typeof status>) => conditions?.find(({ type }) => type === "Ready");

describe("the status of a pod", () => {
  it("is Ready when its containers are, and keeps the time of that", () => {
    const first = podStatus(pod("Always"), "127.1.2.3", START, [container({})], undefined, START);
    expect(readyCondition(first)).toMatchObject({ status: "True", lastTransitionTime: START });
    expect(readyCondition(status(container({}), "Always", first))).toMatchObject({ lastTransitionTime: START });
    expect(readyCondition(status(container({ ready: false }), "Always", first))).toMatchObject({
      status: "False",
      lastTransitionTime: LATER,
    });
  });

  it("is Pending before anything was started, and Running while a container waits to be started again", () => {
    const waiting = { kind: "waiting", reason: "ContainerCreating" } as const;
    expect(status(container({ now: waiting, ready: false })).phase).toBe("Pending");

    const crashing = status(container({ now: { ...waiting, reason: "CrashLoopBackOff" }, last: ended, ready: false }));
    expect(crashing.phase).toBe("Running");
    expect(crashing.containerStatuses?.[0]?.lastState?.terminated).toMatchObject({ exitCode: 137, finishedAt: LATER });
  });

  it("ends as Succeeded or Failed where its containers are not started again", () => {
    const failed = { kind: "terminated", ...ended } as const;
    const succeeded = { ...failed, exit: { exitCode: 0, signal: null } };
    expect(status(container({ now: failed }), "Never").phase).toBe("Failed");
    expect(status(container({ now: succeeded }), "Never").phase).toBe("Succeeded");
    expect(status(container({ now: succeeded }), "OnFailure").phase).toBe("Succeeded");
    expect(status(container({ now: failed }), "Always").phase).toBe("Running");
  });
});
