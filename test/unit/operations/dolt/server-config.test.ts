import { describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { hostsOfPod } from "../../../../src/domain/pod-hosts.ts";
import { type ConfigSituation, configChange } from "../../../../src/operations/dolt/server-config.ts";
import { findConfigSource } from "../../../../src/operations/dolt/server-config-source.ts";
import { forNewPod, renamed, withRemotes } from "../../../../src/operations/dolt/server-config-yaml.ts";
import { readServerConfiguration } from "../../../../src/operations/dolt/server-configuration.ts";
import type { PodService, WorkloadLayout } from "../../../../src/ports/scaling.ts";

const workload = { namespace: "shop", serviceName: "orders-internal" };
const podsUpTo = (count: number) => Array.from({ length: count }, (_, ordinal) => `orders-${ordinal}`);
const service = (ordinal: number): PodService => ({
  namespace: "shop",
  name: `orders-${ordinal}-repl`,
  podName: `orders-${ordinal}`,
  clusterIps: [`10.96.0.${20 + ordinal}`],
});

/** Three servers, each with a YAML of its own, that reach one another at these hosts. */
function situation(hostOf: (pod: string) => string, changed: Partial<ConfigSituation> = {}): ConfigSituation {
  const services = changed.services ?? [];
  const running = podsUpTo(3);
  const yaml = (pod: string) =>
    stringify({
      cluster: {
        standby_remotes: running
          .filter((other) => other !== pod)
          .map((other) => ({ name: other, remote_url_template: `http://${hostOf(other)}:50051/{database}` })),
        bootstrap_role: pod === "orders-0" ? "primary" : "standby",
        bootstrap_epoch: 1,
      },
    });
  return {
    source: { configMap: "orders-config", perPod: true, keyOf: (pod) => `${pod}.yaml` },
    data: Object.fromEntries(running.map((pod) => [`${pod}.yaml`, yaml(pod)])),
    pods: podsUpTo(12).map((name) => ({ name, pod: null, hosts: hostsOfPod({ name, ip: null }, workload, services) })),
    wanted: podsUpTo(5),
    leaving: [],
    workload,
    services,
    storedRemotes: [],
    ...changed,
  };
}

function changed(given: ConfigSituation) {
  const change = configChange(given);
  if ("why" in change) throw new Error(change.why);
  return change;
}

const remotesOf = (yaml = "") =>
  readServerConfiguration(yaml)?.remotes.map(({ name, urlTemplate }) => [name, urlTemplate]);
const why = (given: ConfigSituation) => {
  const change = configChange(given);
  return "why" in change ? change.why : "understood";
};

describe("what the servers' configuration has to become", () => {
  it.each<[string, (pod: string) => string, PodService[], string]>([
    ["headless names", (pod) => `${pod}.orders-internal`, [], "http://orders-3.orders-internal:50051/{database}"],
    [
      "names of Services",
      (pod) => `${pod}-repl.shop.svc`,
      podsUpTo(5).map((_, at) => service(at)),
      "http://orders-3-repl.shop.svc:50051/{database}",
    ],
    [
      "addresses of Services",
      (pod) => `10.96.0.2${pod.at(-1)}`,
      podsUpTo(5).map((_, at) => service(at)),
      "http://10.96.0.23:50051/{database}",
    ],
  ])("each server gets the new ones, by %s, and asked again nothing changes", (_, hostOf, services, expected) => {
    const given = situation(hostOf, { services });

    const { files, services: needed } = changed(given);

    expect(Object.keys(files)).toEqual(podsUpTo(5).map((pod) => `${pod}.yaml`));
    expect(needed).toEqual([]);
    expect(remotesOf(files["orders-0.yaml"])).toContainEqual(["orders-3", expected]);
    expect(
      remotesOf(files["orders-4.yaml"])
        ?.map(([name]) => name)
        .sort(),
    ).toEqual(podsUpTo(4));
    expect(changed({ ...given, data: { ...given.data, ...files } }).files).toEqual({});
  });

  it("a new server is a standby from its first start, also where a YAML for it was prepared without saying so", () => {
    const given = situation((pod) => `${pod}.orders-internal`);
    const prepared = stringify({ cluster: { standby_remotes: [], bootstrap_role: "" } });

    const { files } = changed({ ...given, data: { ...given.data, "orders-3.yaml": prepared } });

    for (const pod of ["orders-3", "orders-4"]) {
      expect(readServerConfiguration(files[`${pod}.yaml`] ?? "")).toMatchObject({ bootstrapRole: "standby" });
    }
    expect(readServerConfiguration(files["orders-0.yaml"] ?? "")).toMatchObject({ bootstrapRole: "primary" });
  });

  it("a server that goes is taken from the others, and its YAML is left over; remotes that lead elsewhere stay", () => {
    const given = situation((pod) => `${pod}.orders-internal`);
    const elsewhere = { name: "far", urlTemplate: "http://far.example.com:50051/{database}" };
    const yaml = given.data["orders-0.yaml"] ?? "";
    const remotes = [...(readServerConfiguration(yaml)?.remotes ?? []), elsewhere];
    const data = { ...given.data, "orders-0.yaml": withRemotes(yaml, remotes) };

    const { files, leftOver } = changed({ ...given, data, wanted: podsUpTo(2), leaving: ["orders-2"] });

    expect(remotesOf(files["orders-0.yaml"])?.map(([name]) => name)).toEqual(["orders-1", "far"]);
    expect(leftOver).toEqual(["orders-2.yaml"]);
  });

  it("names the Services that are missing, to be made like those of the others", () => {
    const { services, files } = changed(
      situation((pod) => `10.96.0.2${pod.at(-1)}`, { services: podsUpTo(3).map((_, at) => service(at)) }),
    );

    expect(services.map(({ name, podName }) => [name, podName])).toEqual([
      ["orders-3-repl", "orders-3"],
      ["orders-4-repl", "orders-4"],
    ]);
    expect(files["orders-0.yaml"]).toContain("(the address of Service orders-3-repl)");
  });

  it("takes another name for a remote that a server has stored with another address: the stored one would win", () => {
    const storedRemotes = [{ name: "orders-3", url: "http://old.example.com:50051/app" }];

    const { files } = changed(situation((pod) => `${pod}.orders-internal`, { storedRemotes }));

    expect(remotesOf(files["orders-0.yaml"])?.map(([name]) => name)).toEqual([
      "orders-1",
      "orders-2",
      "orders-3-2",
      "orders-4",
    ]);
  });

  it.each<[string, Partial<ConfigSituation> | ((pod: string) => string), RegExp]>([
    ["a variable in the place of the host", () => "$" + "{PEER}", /hides the host of/],
    ["a host that leads to nobody", (pod) => `${pod}.example.com`, /leads to (orders-\d|a pod of this target)/],
    ["no YAML", { data: {} }, /no key|no YAML/],
    ["what is no YAML of a cluster", { data: { "orders-0.yaml": "listener: {}" } }, /says nothing of a cluster/],
  ])("is not said for %s", (_, given, expected) => {
    const whole = typeof given === "function" ? situation(given) : situation((pod) => `${pod}.orders-internal`, given);
    expect(why(whole)).toMatch(expected);
  });

  it("one YAML for all pods has every one of them, and new pods only if it makes them standbys", () => {
    const shared = (role: string) => {
      const remotes = podsUpTo(3).map((pod) => ({
        name: pod,
        remote_url_template: `http://${pod}.orders-internal:50051/{database}`,
      }));
      return { "server.yaml": stringify({ cluster: { standby_remotes: remotes, bootstrap_role: role } }) };
    };
    const source = { configMap: "orders-config", perPod: false, keyOf: () => "server.yaml" };
    const given = (role: string) => situation((pod) => pod, { source, data: shared(role) });

    expect(remotesOf(changed(given("standby")).files["server.yaml"])?.map(([name]) => name)).toEqual(podsUpTo(5));
    expect(changed(given("standby")).remoteNames.get("orders-1")).toEqual(
      podsUpTo(5).filter((pod) => pod !== "orders-1"),
    );
    expect(why(given("primary"))).toMatch(/bootstrap_role is not standby/);
  });
});

describe("a server's YAML", () => {
  it("keeps comments, style and everything else", () => {
    const yaml =
      "# kept\nlistener: { host: here } # kept too\ncluster:\n  standby_remotes:\n    - { name: a, remote_url_template: x }\n";
    const changed = withRemotes(yaml, [
      { name: "a", urlTemplate: "x" },
      { name: "b", urlTemplate: "y" },
    ]);
    expect(changed).toBe(`${yaml}    - { name: b, remote_url_template: y }\n`);
  });

  it("of a new pod has its own name in the place of the model's, whole names only", () => {
    const yaml =
      "data_dir: /data/orders-1\nother: orders-10\ncluster: { standby_remotes: [], bootstrap_role: primary }\n";
    const text = forNewPod(yaml, { model: "orders-1", pod: "orders-3" }, []);
    expect(text).toContain("/data/orders-3\nother: orders-10\n");
    expect(text).toContain("bootstrap_role: standby");
  });

  it.each([
    ["orders-1-repl.shop", "orders-3-repl.shop"],
    ["repl-orders-1", "repl-orders-3"],
    ["orders-10.orders-1", "orders-10.orders-3"],
    ["myorders-1", "myorders-1"],
  ])("%s becomes %s", (text, expected) => {
    expect(renamed(text, "orders-1", "orders-3")).toBe(expected);
  });
});

describe("where the servers' configuration stands", () => {
  const layout: WorkloadLayout = {
    uid: "u",
    replicas: 3,
    podsNow: 3,
    firstOrdinal: 0,
    owner: null,
    command: ["dolt", "sql-server", "--config", "/etc/dolt/$(POD_NAME).yaml"],
    initContainers: [],
    podNameVariables: ["POD_NAME"],
    mounts: [{ mountPath: "/etc/dolt", subPath: null, volume: { kind: "configMap", name: "c", files: null } }],
    annotations: {},
  };
  const mount = { mountPath: "/etc/dolt/server.yaml", volume: { kind: "configMap" as const, name: "c", files: null } };

  it.each<[string, Partial<WorkloadLayout>, string]>([
    ["a key for each pod", {}, "c orders-1.yaml"],
    ["--config=PATH", { command: ["dolt", "sql-server", "--config=/etc/dolt/$(POD_NAME).yaml"] }, "c orders-1.yaml"],
    ["one key for all", { command: ["dolt", "sql-server", "--config", "/etc/dolt/server.yaml"] }, "c server.yaml"],
    [
      "a subPathExpr",
      { command: ["--config", "/etc/dolt/server.yaml"], mounts: [{ ...mount, subPath: "$(POD_NAME).yaml" }] },
      "c orders-1.yaml",
    ],
    [
      "the image's own folder",
      {
        command: [],
        mounts: [{ ...mount, mountPath: "/etc/dolt/servercfg.d/config.yaml", subPath: "$(POD_NAME).yaml" }],
      },
      "c orders-1.yaml",
    ],
    [
      "an annotation",
      { command: ["sh", "-c", "…"], annotations: { "handover.dev/server-config": "other/$(POD_NAME).yaml" } },
      "other orders-1.yaml",
    ],
    ["a script", { command: ["sh", "-c", "exec dolt sql-server"] }, "the server is started by a script of its own"],
    ["no --config", { command: ["dolt", "sql-server"] }, "the server is started without --config"],
    ["another variable", { podNameVariables: [] }, "/etc/dolt/$(POD_NAME).yaml holds the variable POD_NAME"],
    ["no volume", { mounts: [] }, "lies on no volume"],
    [
      "a Secret",
      { mounts: [{ mountPath: "/etc/dolt", subPath: null, volume: { kind: "secret", name: "s" } }] },
      "it is in the Secret s",
    ],
    [
      "an emptyDir",
      {
        initContainers: ["render"],
        mounts: [{ mountPath: "/etc/dolt", subPath: null, volume: { kind: "other", name: "e" } }],
      },
      "lies on the volume e, which is no ConfigMap, where an init container (render) writes it",
    ],
    ["a wrong annotation", { annotations: { "handover.dev/server-config": "c" } }, "has to say CONFIGMAP/KEY"],
  ])("%s", (_, given, expected) => {
    const found = findConfigSource({ ...layout, ...given });
    const text = "why" in found ? found.why : `${found.source.configMap} ${found.source.keyOf("orders-1")}`;
    expect(text).toContain(expected);
  });
});
