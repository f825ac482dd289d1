import { describe, expect, it } from "vitest";
import { comparableHost, hostsOfPod, type ServiceView } from "../../../../src/domain/pod-hosts.ts";
import { podOfRemote } from "../../../../src/operations/dolt/remotes.ts";
import { podOf } from "./views.ts";

const services: ServiceView[] = [
  { name: "orders-1-repl", clusterIps: ["10.96.0.11"], podName: "orders-1" },
  { name: "replica-ten", clusterIps: ["10.96.0.20", "fd00::20"], podName: "orders-10" },
  { name: "orders-rw", clusterIps: ["10.96.0.2"], podName: null },
];
const workload = { namespace: "shop", serviceName: "orders-internal" };
const pods = ["orders-1", "orders-10", "orders-2"].map((name) => {
  const pod = podOf(name);
  return { name, pod, hosts: hostsOfPod({ name, ip: pod.ip }, workload, services) };
});

describe("the pod that a standby remote leads to", () => {
  it.each<[string, string | null, string | null]>([
    ["orders-1", "http://orders-1.orders-internal:50051/app", "orders-1"],
    ["orders-1", "http://orders-1.orders-internal.shop:50051/app", "orders-1"],
    ["orders-1", "http://orders-1.orders-internal.shop.svc:50051/app", "orders-1"],
    ["orders-1", "http://ORDERS-1.orders-internal.shop.svc.cluster.local.:50051/app", "orders-1"],
    ["orders-1", "http://orders-1.orders-internal.shop.svc.its.own.domain:50051/app", "orders-1"],
    ["orders-10", "http://orders-10.orders-internal:50051/app", "orders-10"],
    ["by address", "http://10.0.0.3:50051/app", "orders-2"],
    ["by the Service's address", "http://10.96.0.11:50051/app", "orders-1"],
    ["by the Service's other address", "http://[fd00::20]:50051/app", "orders-10"],
    ["by the Service's name", "http://replica-ten.shop.svc.cluster.local:50051/app", "orders-10"],
    ["orders-1", "http://orders-1-repl:50051/app", "orders-1"],
    ["named after one, leads to another: orders-1", "http://orders-2.orders-internal:50051/app", "orders-2"],
    ["orders-1", "http://elsewhere:50051/app", null],
    ["orders-1", "http://orders-1:50051/app", null],
    ["orders-1", "http://orders-1.orders-internal.other:50051/app", null],
    ["orders-1", "http://orders-1.others.shop.svc:50051/app", null],
    ["orders-1", "http://orders-rw.shop.svc:50051/app", null],
    ["orders-1", "http://10.96.0.1:50051/app", null],
    ["orders-1", "http://10.0.0.30:50051/app", null],
    ["orders-1", "not a URL", null],
    ["orders-1", null, null],
  ])("%s at %s: %s", (name, url, expected) => {
    expect(podOfRemote({ name, url }, pods)).toBe(expected);
  });

  it("is nobody's when a host leads to two pods", () => {
    const twice = pods.map((pod) => ({ ...pod, hosts: [...pod.hosts, "shared"] }));

    expect(podOfRemote({ name: "orders-1", url: "http://shared:50051/app" }, twice)).toBeNull();
  });

  it("goes by the pod's own address and name where nobody looked for hosts", () => {
    const bare = pods.map(({ name, pod }) => ({ name, pod }));

    expect(podOfRemote({ name: "a", url: "http://orders-1.orders-internal:50051/app" }, bare)).toBe("orders-1");
    expect(podOfRemote({ name: "a", url: "http://10.0.0.3:50051/app" }, bare)).toBe("orders-2");
    expect(podOfRemote({ name: "a", url: "http://orders-1-repl:50051/app" }, bare)).toBeNull();
  });
});

describe("a host as hosts are compared", () => {
  it.each([
    ["orders-1", "orders-1"],
    ["a.b.c", "a.b.c"],
    ["a.shop.svc.cluster.local", "a.shop.svc"],
    ["p.a.shop.svc.x.y.z", "p.a.shop.svc"],
    ["svc.example.com", "svc.example.com"],
    ["db.svc.example.com", "db.svc.example.com"],
  ])("%s: %s", (host, expected) => {
    expect(comparableHost(host)).toBe(expected);
  });
});
