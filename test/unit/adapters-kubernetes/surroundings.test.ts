import { describe, expect, it } from "vitest";
import { networkPolicyView } from "../../../src/adapters/kubernetes/surroundings.ts";

describe("a network policy", () => {
  it("holds for what comes in unless it says otherwise", () => {
    expect(networkPolicyView({ spec: { podSelector: {} } }).ingress).toEqual([]);
    expect(networkPolicyView({ spec: { podSelector: {}, policyTypes: ["Egress"] } }).ingress).toBeNull();
  });

  it("opens to everybody without sources, or with every address", () => {
    const rules = [
      {},
      { _from: [] },
      { _from: [{ ipBlock: { cidr: "0.0.0.0/0" } }] },
      { _from: [{ podSelector: {} }], ports: [{ port: 53, protocol: "UDP" }, { port: 50051 }] },
    ];
    const view = networkPolicyView({ spec: { podSelector: {}, ingress: rules } });

    expect(view.ingress?.map(({ fromEverywhere }) => fromEverywhere)).toEqual([true, true, true, false]);
    expect(view.ingress?.[3]?.ports).toEqual([{ port: 50051, endPort: null }]);
  });
});
