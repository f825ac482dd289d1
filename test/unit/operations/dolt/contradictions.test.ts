import { describe, expect, it } from "vitest";
import { type Contradiction, contradictionsOf } from "../../../../src/operations/dolt/contradictions.ts";
import type { DoltNode, ServerConfiguration } from "../../../../src/operations/dolt/look.ts";
import type { ReplicationRow } from "../../../../src/ports/dolt-servers.ts";
import { answering, replicated, silent, viewOf } from "./views.ts";

const label = "dolthub.com/cluster_role";

describe("contradictions", () => {
  it("finds none in a healthy target", () => {
    expect(contradictionsOf(viewOf(healthy()))).toEqual([]);
  });

  it.each<[string, DoltNode[], Partial<Contradiction>]>([
    [
      "a label that says otherwise than its server",
      [primary(), standby(1, {}, "primary"), standby(2)],
      { code: "label_differs", mendedBy: "relabel", pods: ["orders-1"], forbids: "nothing" },
    ],
    [
      "a missing label",
      [primary(), standby(1, {}, null), standby(2)],
      { code: "label_differs", mendedBy: "relabel", pods: ["orders-1"] },
    ],
    [
      "two primaries",
      [primary(), answering("orders-1", { role: "primary", epoch: 2 }, labelled("primary")), standby(2)],
      { code: "two_primaries", mendedBy: "repair", pods: ["orders-0", "orders-1"], forbids: "planned" },
    ],
    [
      "a broken configuration",
      [0, 1].map((n) => answering(`orders-${n}`, { role: "detected_broken_config" }, labelled("standby"))),
      { code: "broken_config", mendedBy: "repair", pods: ["orders-0", "orders-1"], forbids: "planned" },
    ],
    ["no primary", [standby(0), standby(1)], { code: "no_primary", mendedBy: "promote", forbids: "planned" }],
    [
      "a newer primary that has been",
      [primary(), standby(1, { epoch: 2 }), standby(2)],
      { code: "epochs_apart", mendedBy: "repair", pods: ["orders-0", "orders-1"], forbids: "planned" },
    ],
    [
      "a standby that has not heard of the primary's epoch",
      [primary({ epoch: 3 }), standby(1, { epoch: 2 }), standby(2, { epoch: 3 })],
      { code: "epoch_behind", pods: ["orders-1"], forbids: "nothing" },
    ],
    [
      "a listed standby that does not exist",
      [primary({ replication: [...both(), replicated("orders-3")] }), standby(1), standby(2)],
      { code: "standby_missing", mendedBy: "scale", pods: ["orders-0"] },
    ],
    [
      "a pod that is not listed",
      [primary({ replication: [replicated("orders-1")] }), standby(1), standby(2)],
      { code: "standby_not_listed", mendedBy: "scale", pods: ["orders-2"] },
    ],
    [
      "an unknown lag",
      [primary({ replication: both({ lagMs: null }) }), standby(1), standby(2)],
      { code: "lag_unknown", pods: ["orders-1"] },
    ],
    [
      "a replication that fails",
      [primary({ replication: both({ error: "connection refused" }) }), standby(1), standby(2)],
      { code: "replication_fails", pods: ["orders-1"] },
    ],
    [
      "users behind",
      [primary(), standby(1, { privileges: { users: "older", branchControl: "b" } }), standby(2)],
      { code: "users_behind", pods: ["orders-1"] },
    ],
    [
      "branch control behind",
      [primary(), standby(1, { privileges: { users: "u", branchControl: "older" } }), standby(2)],
      { code: "branch_control_behind", pods: ["orders-1"] },
    ],
    [
      "another version",
      [primary(), standby(1, { version: "2.3.1" }), standby(2)],
      { code: "version_differs", mendedBy: "restart" },
    ],
    [
      "another ack time-out",
      [primary(), standby(1, { details: details({ settings: { [ack]: "10" } }) }), standby(2)],
      { code: "ack_timeout_differs" },
    ],
    ["a silent server", [primary(), silent("orders-1", "silent"), standby(2)], { code: "silent", forbids: "planned" }],
    ["a refused login", [primary(), silent("orders-1", "login"), standby(2)], { code: "login_refused" }],
  ])("names %s", (_, nodes, expected) => {
    expect(contradictionsOf(viewOf(nodes))).toContainEqual(expect.objectContaining(expected));
  });

  it.each<[string, Parameters<typeof answering>[1], string]>([
    ["database", { databases: [] }, "database app"],
    ["branch", { details: details({ branches: { app: ["main"] } }) }, "branch feature of database app"],
    ["account", { details: details({ accounts: ["root@%"] }) }, "account app@%"],
  ])(
    "forbids everything when the primary lacks a %s that every standby holds, and says what to type",
    (_, own, held) => {
      const rich = { details: details({ branches: { app: ["main", "feature"] }, accounts: ["root@%", "app@%"] }) };

      const [gravest] = contradictionsOf(viewOf([primary(own), standby(1, rich), standby(2, rich)]));

      expect(gravest).toMatchObject({ code: "primary_lacks", forbids: "everything", pods: ["orders-0"] });
      expect(gravest?.text).toContain(held);
      expect(gravest?.advice).toContain("stop orders-0 now, before a client connects");
    },
  );

  it("tells a drop that one standby missed from a primary that lost something", () => {
    const holdsMore = { databases: ["app", "old"] };

    const found = contradictionsOf(viewOf([primary(), standby(1, holdsMore), standby(2)]));

    expect(found.map(({ code }) => code)).toEqual(["standby_holds_more"]);
    expect(found[0]?.text).toContain("database old");
  });

  it("takes no drop for an excuse where the primary has no database at all", () => {
    const nodes = [primary({ databases: [], replication: [] }), standby(1), standby(2, { databases: [] })];
    expect(contradictionsOf(viewOf(nodes))[0]).toMatchObject({ code: "primary_lacks" });
  });

  it("warns of a pod that would come back empty as primary at the epoch of now", () => {
    const configurations = new Map([["orders-1", configuration({ bootstrapRole: "primary", bootstrapEpoch: 1 })]]);

    const atBootstrap = contradictionsOf({ ...viewOf(healthy()), configurations });
    const later = contradictionsOf({ ...viewOf(healthy(2)), configurations });

    expect(atBootstrap).toMatchObject([{ code: "bootstrap_primary", mendedBy: "failover", pods: ["orders-1"] }]);
    expect(later).toEqual([]);
  });

  it("names stored remotes that differ from the template, or among databases where no template is seen", () => {
    const remotes = [{ name: "orders-1", urlTemplate: "http://orders-1.new:50051/{database}" }];
    const configurations = new Map([["orders-0", configuration({ remotes })]]);
    const nodes = healthy();
    const elsewhere = replicated("orders-1", { database: "more", remoteUrl: "http://orders-1.old:50051/more" });
    const mixed = [primary({ replication: [...both(), elsewhere] }), standby(1), standby(2)];

    expect(contradictionsOf({ ...viewOf(nodes), configurations })).toMatchObject([{ code: "remotes_differ" }]);
    expect(contradictionsOf(viewOf(mixed)).map(({ code }) => code)).toContain("remotes_differ");
  });

  it("passes an unknown lag over where the states were found equal", () => {
    const nodes = [primary({ replication: both({ lagMs: null }) }), standby(1), standby(2)];
    const equal = new Map(["orders-1", "orders-2"].map((pod) => [pod, { kind: "equal" as const }]));

    expect(contradictionsOf({ ...viewOf(nodes), comparisons: equal })).toEqual([]);
  });
});

const ack = "dolt_cluster_ack_writes_timeout_secs";

function healthy(epoch = 1): DoltNode[] {
  return [primary({ epoch }), standby(1, { epoch }), standby(2, { epoch })];
}

function both(row: Partial<ReplicationRow> = {}): ReplicationRow[] {
  return ["orders-1", "orders-2"].map((pod) => replicated(pod, row));
}

function primary(answer: Parameters<typeof answering>[1] = {}) {
  return answering("orders-0", { role: "primary", replication: both(), ...answer }, labelled("primary"));
}

function standby(
  ordinal: number,
  answer: Parameters<typeof answering>[1] = {},
  worn: "primary" | "standby" | null = "standby",
) {
  return answering(`orders-${ordinal}`, answer, worn === null ? {} : labelled(worn));
}

function labelled(role: string) {
  return { labels: { [label]: role } };
}

function details(changed: Partial<ReturnType<typeof plain>>) {
  return { ...plain(), ...changed };
}

function plain() {
  return answering("orders-0", {}).answer.details;
}

function configuration(changed: Partial<ServerConfiguration>): ServerConfiguration {
  return { bootstrapRole: "standby", bootstrapEpoch: 1, remotes: [], remotesPort: 50051, ...changed };
}
