import type { V1Pod } from "@kubernetes/client-node";
import { describe, expect, it } from "vitest";
import { podView } from "../../../src/adapters/kubernetes/pod-view.ts";
import { containerStatus, pod } from "./objects.ts";

describe("a pod as operations see it", () => {
  it("is told by the server's own container and port, not by a sidecar's", () => {
    expect(podView(pod("dolt-0"))).toEqual({
      uid: "uid of dolt-0",
      createdAtMs: 1_000,
      ip: "10.0.0.7",
      port: 3307,
      ready: true,
      readyChangedAtMs: null,
      terminating: false,
      revision: "dolt-2",
      labels: { "controller-revision-hash": "dolt-2" },
      container: { state: "running", text: "running" },
    });
  });

  it("takes the first container and port 3306 where nothing is named dolt", () => {
    const view = podView(pod("dolt-0", { spec: { nodeName: "node1", containers: [{ name: "server" }] } }));
    expect(view?.port).toBe(3306);
  });

  it("has no address before it got one, and is terminating once it is being deleted", () => {
    const leaving = pod("dolt-0", { status: { podIP: "" } });
    leaving.metadata = { ...leaving.metadata, deletionTimestamp: new Date(0) };
    expect(podView(leaving)).toMatchObject({ ip: null, ready: false, terminating: true });
  });

  const running: V1Pod["status"] = { containerStatuses: [containerStatus("dolt", { running: {} })] };
  const spec: V1Pod["spec"] = { nodeName: "node1", containers: [{ name: "dolt" }] };
  it.each<[string, V1Pod["status"], V1Pod["spec"], { state: string; text: string }]>([
    [
      "waits to be restarted after it was seen ended",
      {
        containerStatuses: [
          {
            ...containerStatus("dolt", { waiting: { reason: "CrashLoopBackOff" } }),
            lastState: { terminated: { exitCode: 1 } },
          },
        ],
      },
      spec,
      { state: "stopped", text: "CrashLoopBackOff" },
    ],
    [
      "waits for its first start, as one does that was created anew while a lost node runs the old one",
      { containerStatuses: [containerStatus("dolt", { waiting: { reason: "ContainerCreating" } })] },
      spec,
      { state: "unknown", text: "ContainerCreating" },
    ],
    [
      "has ended",
      { containerStatuses: [containerStatus("dolt", { terminated: { exitCode: 137, reason: "OOMKilled" } })] },
      spec,
      { state: "stopped", text: "OOMKilled" },
    ],
    ["is on a node that was lost", { ...running, reason: "NodeLost" }, spec, { state: "unknown", text: "NodeLost" }],
    [
      "is in a phase that nobody reports",
      { ...running, phase: "Unknown" },
      spec,
      { state: "unknown", text: "Unknown" },
    ],
    [
      "was evicted, and its container seen ended",
      {
        phase: "Failed",
        reason: "Evicted",
        containerStatuses: [containerStatus("dolt", { terminated: { exitCode: 137 } })],
      },
      spec,
      { state: "stopped", text: "terminated" },
    ],
    [
      "is called failed by the control plane alone",
      { ...running, phase: "Failed", reason: "NodeGone" },
      spec,
      { state: "running", text: "running" },
    ],
    [
      "is not scheduled",
      { phase: "Pending" },
      { containers: [{ name: "dolt" }] },
      { state: "unknown", text: "not scheduled" },
    ],
    [
      "is on a node whose kubelet has said nothing yet",
      { phase: "Pending" },
      spec,
      { state: "unknown", text: "not reported yet" },
    ],
  ])("tells of a pod that %s", (_, status, ownSpec, expected) => {
    expect(podView(pod("dolt-0", { ...(status && { status }), ...(ownSpec && { spec: ownSpec }) }))?.container).toEqual(
      expected,
    );
  });
});
