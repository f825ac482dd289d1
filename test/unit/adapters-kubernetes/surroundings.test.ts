import { describe, expect, it } from "vitest";
import { configurationsOf, networkPolicyView } from "../../../src/adapters/kubernetes/surroundings.ts";

const pods = ["orders-0", "orders-1"];
const yaml = (role: string) => `cluster:\n  bootstrap_role: ${role}\n`;
const map = (data: Record<string, string>) => ({ metadata: { name: "orders" }, data });

describe("the configuration of each pod", () => {
  it("is the file that --config names, with the pod's name in it", () => {
    const files = map({ "orders-0.yaml": yaml("primary"), "orders-1.yaml": yaml("standby") });
    for (const path of ["/etc/dolt/$(POD_NAME).yaml", "/etc/dolt/$(HOSTNAME).yaml"]) {
      expect([...configurationsOf([files], path, pods)]).toEqual([
        ["orders-0", yaml("primary")],
        ["orders-1", yaml("standby")],
      ]);
    }
  });

  it("is the one of the pod's own name where an init container copies it to another", () => {
    const files = map({ "orders-0.yaml": yaml("primary"), "orders-1.yaml": yaml("standby") });
    expect(configurationsOf([files], "config.yaml", pods).get("orders-1")).toBe(yaml("standby"));
  });

  it("is the only one there is, for all pods alike", () => {
    const files = [map({ "server.yaml": yaml("standby"), "notes.yaml": "a: b" }), map({ "my.cnf": "x" })];
    expect([...configurationsOf(files, null, pods).values()]).toEqual([yaml("standby"), yaml("standby")]);
  });

  it("is unknown where several would do", () => {
    expect(configurationsOf([map({ "a.yaml": yaml("primary"), "b.yaml": yaml("standby") })], null, pods).size).toBe(0);
  });
});

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
