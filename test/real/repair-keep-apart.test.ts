import { KubeConfig, NetworkingV1Api, type V1NetworkPolicy } from "@kubernetes/client-node";
import { describe, expect, it, onTestFinished } from "vitest";
import { keepApartCommand, keepApartPolicy, letMeetCommand } from "../../src/operations/dolt/keep-apart.ts";
import { partsUnavailable } from "../parts/build.ts";
import { answering, viewOf } from "../unit/operations/dolt/views.ts";
import { startEmptyCluster } from "./cluster/empty-cluster.ts";

const unavailable = partsUnavailable();

describe.skipIf(unavailable !== null)(`keeping two primaries apart${unavailable ? ` (${unavailable})` : ""}`, () => {
  it("is a NetworkPolicy that a real API server takes, for the target's pods and nothing but their SQL port", async () => {
    const cluster = await startEmptyCluster();
    onTestFinished(() => cluster.close());
    const kubeConfig = new KubeConfig();
    kubeConfig.loadFromString(cluster.kubeconfig);
    const view = viewOf(
      [answering("orders-0", { role: "primary" }), answering("orders-1", { role: "primary", epoch: 2 })],
      {
        namespace: "default",
      },
    );
    const [, json = ""] = /^echo '(.*)' \| kubectl apply -f -$/.exec(keepApartCommand(view)) ?? [];
    const body: V1NetworkPolicy = JSON.parse(json);

    const { metadata, spec } = await kubeConfig
      .makeApiClient(NetworkingV1Api)
      .createNamespacedNetworkPolicy({ namespace: "default", body, fieldValidation: "Strict" });

    expect(metadata?.name).toBe(keepApartPolicy(view));
    expect(spec?.podSelector?.matchExpressions?.[0]?.values).toEqual(["orders-0", "orders-1"]);
    expect(spec?.ingress).toEqual([{ ports: [{ protocol: "TCP", port: 3306 }] }]);
    expect(letMeetCommand(view)).toBe("kubectl delete networkpolicy -n default orders-keep-apart");
  });
});
