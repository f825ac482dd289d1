import { describe, expect, it } from "vitest";
import { crateScaleDefinition } from "../../../src/operations/cratedb/scale-definition.ts";
import {
  type CrateScaleDetails,
  crateScaleSteps,
  type ScalePhase,
} from "../../../src/operations/cratedb/scale-details.ts";
import { readPage, sectionOf, subjects } from "./pages.ts";

describe("docs/crate-scale.md", () => {
  const page = readPage("docs/crate-scale.md");

  it("lists every flag of the operation", () => {
    const typed = crateScaleDefinition.flags.map(({ name, value }) =>
      value === null ? `--${name}` : `--${name} ${value}`,
    );
    expect(subjects(sectionOf(page, "## What to type")).toSorted()).toEqual(typed.toSorted());
  });

  it("tells of every step in its order", () => {
    const phase: Omit<ScalePhase, "kind"> = {
      role: "data",
      set: { namespace: "db", name: "crate-data-hot-metrics", uid: "1" },
      group: "GROUP",
      from: 3,
      to: 4,
      nodes: ["data-hot-3"],
      own: ["data-hot-3"],
      oneAtATime: false,
      totals: { masters: 3, data: 4 },
    };
    const details: CrateScaleDetails = {
      phases: [
        { ...phase, kind: "up" },
        { ...phase, kind: "down" },
      ],
      totalsBefore: { masters: 3, data: 3 },
      settingsBefore: {
        "cluster.routing.allocation.enable": "all",
        "cluster.graceful_stop.min_availability": null,
        "cluster.graceful_stop.timeout": null,
        "cluster.graceful_stop.force": null,
      },
      decommission: false,
      backupWaitMs: 0,
      joinMs: 1,
      drainMs: 1,
      nodes: "hot=4",
    };
    expect(subjects(sectionOf(page, "## The order, and why"))).toEqual(crateScaleSteps(details).map(({ id }) => id));
  });
});
