import { describe, expect, it } from "vitest";
import type { DoltNode } from "../../../../src/operations/dolt/look.ts";
import { decideLabels } from "../../../../src/operations/dolt/relabel-decision.ts";
import { relabelSteps } from "../../../../src/operations/dolt/relabel-details.ts";
import { answering, silent, viewOf } from "./views.ts";

const roleLabel = "dolthub.com/cluster_role";

/** What is decided, shortly: `route FROM…`, `standbys NAMES…`, or the codes that leave it undecided. */
function decided(...nodes: DoltNode[]): string {
  const decision = decideLabels(viewOf(nodes));
  if (decision.kind === "undecided") return decision.contradictions.map(({ code }) => code).join(", ");
  const { primary, route, standbys } = decision.details;
  const moved = route.needed ? [`${primary.name} routed`, ...route.from.map((name) => `not ${name}`)] : [];
  return [...moved, ...standbys.map(({ name }) => `${name} standby`)].join(", ");
}

const primary = (label?: string, epoch = 2) => node("orders-0", "primary", label, epoch);
const standby = (ordinal: number, label?: string, epoch = 2) => node(`orders-${ordinal}`, "standby", label, epoch);

function node(name: string, role: "primary" | "standby" | "detected_broken_config", label?: string, epoch = 2) {
  return answering(name, { role, epoch }, { labels: label === undefined ? {} : { [roleLabel]: label } });
}

const labelled = (label: string) => ({ labels: { [roleLabel]: label } });

describe("labels by the servers' own word", () => {
  it.each<[string, DoltNode[], string]>([
    ["nothing to change", [primary("primary"), standby(1, "standby"), standby(2, "standby")], ""],
    ["no label at all", [primary(), standby(1), standby(2)], "orders-0 routed, orders-1 standby, orders-2 standby"],
    [
      "a standby that carries the primary's label",
      [primary("standby"), standby(1, "primary"), standby(2, "standby")],
      "orders-0 routed, not orders-1",
    ],
    [
      "two that carry it",
      [primary("primary"), standby(1, "primary"), standby(2, "standby")],
      "orders-0 routed, not orders-1",
    ],
    ["a standby without one", [primary("primary"), standby(1), standby(2, "standby")], "orders-1 standby"],
    [
      "a stopped pod that carries the primary's label",
      [primary(), standby(1, "standby"), silent("orders-2", "stopped", labelled("primary"))],
      "orders-0 routed, not orders-2",
    ],
    [
      "a silent pod, and a standby that confirms the primary",
      [primary(), standby(1, "standby"), silent("orders-2", "silent", labelled("standby"))],
      "orders-0 routed",
    ],
    [
      "a missing pod, and a standby that confirms the primary",
      [primary(), standby(1, "standby"), silent("orders-2", "silent", null)],
      "orders-0 routed",
    ],
    [
      "a silent pod beside a primary that is routed already",
      [primary("primary"), standby(1), silent("orders-2", "silent")],
      "orders-1 standby",
    ],
  ])("decides on %s", (_, nodes, expected) => {
    expect(decided(...nodes)).toBe(expected);
  });

  it.each<[string, DoltNode[], string]>([
    ["two primaries", [primary("primary"), node("orders-1", "primary", "standby", 3)], "two_primaries"],
    [
      "a broken configuration",
      [node("orders-0", "detected_broken_config"), node("orders-1", "detected_broken_config")],
      "broken_config, no_primary",
    ],
    ["no primary", [standby(0), standby(1)], "no_primary"],
    ["a newer primary that has been", [primary("standby"), standby(1, "primary", 3)], "epochs_apart"],
    [
      "a silent pod that carries the primary's label: it may be the primary of others",
      [primary(), standby(1, "standby"), silent("orders-2", "silent", labelled("primary"))],
      "silent",
    ],
    ["a silent pod and nobody who confirms the primary", [primary(), silent("orders-1", "silent")], "silent"],
    [
      "a silent pod and a standby that has not heard of the primary",
      [primary(), standby(1, "standby", 1), silent("orders-2", "silent")],
      "silent",
    ],
    ["a server that refuses the login", [primary(), standby(1), silent("orders-2", "login")], "login_refused"],
    [
      "a primary that lacks what its standbys hold",
      [answering("orders-0", { role: "primary", databases: [] }), answering("orders-1", {})],
      "primary_lacks",
    ],
  ])("leaves it undecided for %s", (_, nodes, expected) => {
    expect(decided(...nodes)).toBe(expected);
  });

  it("plans no step for what is as it should be", () => {
    const decision = decideLabels(viewOf([primary("primary"), standby(1), standby(2, "standby")]));
    const steps = decision.kind === "labels" ? relabelSteps(decision.details).map(({ id }) => id) : [];
    expect(steps).toEqual(["check", "standbys"]);
  });
});
