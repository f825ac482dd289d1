import { describe, expect, it } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import type { DoltNode, DoltView, ServerConfiguration } from "../../../../src/operations/dolt/look.ts";
import { recommendationsOf } from "../../../../src/operations/dolt/recommendations.ts";
import { exposureOf } from "../../../../src/operations/dolt/remotes-exposure.ts";
import type {
  IngressRule,
  LabelSelector,
  NetworkPolicyView,
  Seen,
  Surroundings,
} from "../../../../src/ports/surroundings.ts";
import { answering, replicated, silent, viewOf } from "./views.ts";

const labels = {
  "app.kubernetes.io/name": "dolt",
  "dolthub.com/cluster_role": "standby",
  "controller-revision-hash": "r1",
};
const servers: LabelSelector = { matchLabels: { "app.kubernetes.io/name": "dolt" }, matchExpressions: [] };
const onlyServers: IngressRule = { ports: [{ port: "remotesapi", endPort: null }], fromEverywhere: false };

function policy(changed: Partial<NetworkPolicyView> = {}): NetworkPolicyView {
  return { name: "dolt-servers", pods: servers, ingress: [onlyServers], ...changed };
}

function surroundings(...policies: NetworkPolicyView[]): Surroundings {
  return {
    networkPolicies: { seen: true, value: policies },
    ports: new Map([["remotesapi", 50051]]),
  };
}

function nodes(host: (pod: string) => string): DoltNode[] {
  const replication = ["orders-1", "orders-2"].map((pod) =>
    replicated(pod, { remoteUrl: `http://${host(pod)}:50051/app` }),
  );
  return [
    answering("orders-0", { role: "primary", replication }, { labels }),
    answering("orders-1", {}, { labels }),
    silent("orders-2", "silent", { labels }),
  ];
}

const ownService = (pod: string) => `${pod}-repl.shop.svc`;
const unread: Seen<unknown> = { seen: false, why: "it lies in a Secret" };

const recommended = (
  view: DoltView,
  around: Surroundings | null,
  configurations: Seen<unknown> = { seen: true, value: null },
) => recommendationsOf(view, around, configurations);

const codes = (...args: Parameters<typeof recommended>) => recommended(...args).map(({ code }) => code);

describe("recommendations", () => {
  it("are none for a target that is well set up", () => {
    expect(codes(viewOf(nodes(ownService)), surroundings(policy()))).toEqual([]);
  });

  it("demand a NetworkPolicy where none selects the pods, and give one for all of them", () => {
    const [demand] = recommended(viewOf(nodes(ownService)), surroundings());

    expect(demand).toMatchObject({ code: "network_policy_missing", kind: "demand" });
    expect(demand?.text).toContain("port 50051 (replication) of orders-0, orders-1, orders-2");
    expect(parse(demand?.manifest ?? "")).toMatchObject({
      kind: "NetworkPolicy",
      metadata: { name: "orders-replication", namespace: "shop" },
      spec: { podSelector: { matchLabels: servers.matchLabels }, policyTypes: ["Ingress"] },
    });
    expect(demand?.manifest).not.toContain("cluster_role");
    expect(demand?.manifest).not.toContain("&");
  });

  it("go by the port that the servers are configured with", () => {
    const configuration: ServerConfiguration = {
      bootstrapRole: "standby",
      bootstrapEpoch: 1,
      remotes: [],
      remotesPort: 7000,
    };
    const view = { ...viewOf(nodes(ownService)), configurations: new Map([["orders-0", configuration]]) };

    expect(recommended(view, surroundings())[0]?.text).toContain("port 7000");
  });

  it("demand another policy where one opens the port to everybody", () => {
    const open = policy({ name: "too-open", ingress: [onlyServers, { ports: null, fromEverywhere: true }] });
    const [demand] = recommended(viewOf(nodes(ownService)), surroundings(open));

    expect(demand).toMatchObject({ code: "network_policy_open", kind: "demand" });
    expect(demand?.text).toContain("too-open");
  });

  it("say what could not be looked at, and why", () => {
    const refused: Surroundings = {
      networkPolicies: { seen: false, why: "forbidden" },
      ports: new Map(),
    };
    const view = viewOf(nodes(ownService));

    expect(codes(view, refused, unread)).toEqual(["network_policy_unseen", "configuration_unseen"]);
    expect(codes(view, null)).toEqual(["network_policy_unseen"]);
    expect(recommended(view, refused)[0]?.text).toContain("forbidden");
  });

  it.each([
    ["a headless name", (pod: string) => `${pod}.orders-internal`],
    ["a headless name in full", (pod: string) => `${pod}.orders-internal.shop.svc.cluster.local`],
    ["a pod's address", (pod: string) => `10.0.0.${Number(pod.at(-1)) + 1}`],
  ])("advise a Service for each pod that is replicated to by %s", (_, host) => {
    const view = viewOf(nodes(host), { serviceName: "orders-internal" });

    const [advice] = recommended(view, surroundings(policy()));

    expect(advice).toMatchObject({ code: "service_per_pod", kind: "advice" });
    const services = parseAllDocuments(advice?.manifest ?? "").map((document): unknown => document.toJS());
    expect(services).toHaveLength(3);
    expect(services[1]).toMatchObject({
      kind: "Service",
      metadata: { name: "orders-1-repl", namespace: "shop" },
      spec: { publishNotReadyAddresses: true, selector: { "statefulset.kubernetes.io/pod-name": "orders-1" } },
    });
  });

  it("advise OnDelete where the controller would delete pods by itself", () => {
    const rolling = viewOf(nodes(ownService), { rollsFromOrdinal: 0 });
    const heldOff = viewOf(nodes(ownService), { rollsFromOrdinal: 3 });

    expect(codes(rolling, surroundings(policy()))).toEqual(["on_delete"]);
    expect(codes(heldOff, surroundings(policy()))).toEqual([]);
  });
});

describe("who may reach a port", () => {
  const everybody = (ports: IngressRule["ports"]): IngressRule => ({ ports, fromEverywhere: true });

  it.each<[string, NetworkPolicyView, string]>([
    ["a policy for other pods", policy({ pods: { matchLabels: { app: "web" }, matchExpressions: [] } }), "unguarded"],
    ["a policy for every pod", policy({ pods: { matchLabels: {}, matchExpressions: [] } }), "guarded"],
    ["one that says nothing of what comes in", policy({ ingress: null }), "unguarded"],
    ["one without rules", policy({ ingress: [] }), "guarded"],
    ["one that opens another port", policy({ ingress: [everybody([{ port: 3306, endPort: null }])] }), "guarded"],
    ["one that opens it by number", policy({ ingress: [everybody([{ port: 50051, endPort: null }])] }), "open"],
    ["one that opens it by name", policy({ ingress: [everybody([{ port: "remotesapi", endPort: null }])] }), "open"],
    ["one that opens a range around it", policy({ ingress: [everybody([{ port: 50000, endPort: 60000 }])] }), "open"],
    ["one that opens an unknown name", policy({ ingress: [everybody([{ port: "other", endPort: null }])] }), "guarded"],
  ])("is judged of %s", (_, given, expected) => {
    expect(exposureOf(labels, 50051, surroundings(given)).kind).toBe(expected);
  });

  it.each<[string, LabelSelector["matchExpressions"][number], boolean]>([
    ["In", { key: "app.kubernetes.io/name", operator: "In", values: ["dolt"] }, true],
    ["NotIn", { key: "app.kubernetes.io/name", operator: "NotIn", values: ["dolt"] }, false],
    ["NotIn of a missing label", { key: "missing", operator: "NotIn", values: ["x"] }, true],
    ["Exists", { key: "missing", operator: "Exists", values: [] }, false],
    ["DoesNotExist", { key: "missing", operator: "DoesNotExist", values: [] }, true],
  ])("goes by expressions too: %s", (_, expression, selected) => {
    const pods = { matchLabels: {}, matchExpressions: [expression] };
    expect(exposureOf(labels, 50051, surroundings(policy({ pods }))).kind).toBe(selected ? "guarded" : "unguarded");
  });
});
