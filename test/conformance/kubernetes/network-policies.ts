import { NetworkingV1Api } from "@kubernetes/client-node";
import { describe, expect, test } from "vitest";
import { type KubernetesUnderTest, namespaced } from "./support/subject.ts";

/** That policies are kept and listed, with what the API fills in; whether a network enforces them is not the API's to say. */
export function networkPoliciesConformance(api: () => KubernetesUnderTest): void {
  describe("network policies", () => {
    const namespace = "policies";
    const subject = namespaced(api, namespace);
    const networking = () => subject().kubeConfig.makeApiClient(NetworkingV1Api);

    test("are listed with a protocol for each port, and hold for what comes in when they name no types", async () => {
      const podSelector = { matchLabels: { app: "dolt" } };
      const ingress = [
        { _from: [{ podSelector }], ports: [{ port: 50051 }, { port: "dolt" }, { port: 1, endPort: 9 }] },
      ];
      await networking().createNamespacedNetworkPolicy({
        namespace,
        body: { metadata: { name: "servers" }, spec: { podSelector, ingress } },
      });

      const { items } = await networking().listNamespacedNetworkPolicy({ namespace });

      expect(
        items.map(({ metadata, spec }) => ({ name: metadata?.name, generation: metadata?.generation, spec })),
      ).toEqual([
        {
          name: "servers",
          generation: 1,
          spec: {
            podSelector,
            policyTypes: ["Ingress"],
            ingress: [
              {
                _from: [{ podSelector }],
                ports: [
                  { port: 50051, protocol: "TCP" },
                  { port: "dolt", protocol: "TCP" },
                  { port: 1, endPort: 9, protocol: "TCP" },
                ],
              },
            ],
          },
        },
      ]);
    });

    test("can be without rules, which closes the pods to everybody", async () => {
      const created = await networking().createNamespacedNetworkPolicy({
        namespace,
        body: { metadata: { name: "closed" }, spec: { podSelector: {}, policyTypes: ["Ingress"] } },
      });

      expect(created.spec).toEqual({ podSelector: {}, policyTypes: ["Ingress"] });
    });
  });
}
