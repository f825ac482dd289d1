import { describe, expect, it } from "vitest";
import type { FlagDefinition } from "../../../src/operations/catalogue.ts";
import { restartDefinition } from "../../../src/operations/cratedb/restart-definition.ts";
import { restartSteps } from "../../../src/operations/cratedb/restart-details.ts";
import { resumeDefinition } from "../../../src/operations/cratedb/resume-definition.ts";
import { suspendDefinition } from "../../../src/operations/cratedb/suspend-definition.ts";
import { resumeSteps, suspendSteps } from "../../../src/operations/cratedb/suspend-details.ts";
import { readPage, sectionOf, subjects } from "./pages.ts";

const typed = (flags: readonly FlagDefinition[]) =>
  flags.map(({ name, value }) => (value === null ? `--${name}` : `--${name} ${value}`).replace("|", "\\|"));

describe("docs/crate-restart.md", () => {
  const page = readPage("docs/crate-restart.md");

  it("lists every flag of the operation", () => {
    expect(subjects(sectionOf(page, "## What to type"))).toEqual(typed(restartDefinition.flags));
  });

  it("tells of every step in its order", () => {
    const pods = [{ name: "POD", uid: "1", set: "s", node: "n", graceSeconds: 1 }];
    expect(subjects(sectionOf(page, "## The steps"))).toEqual(restartSteps({ pods }).map(({ id }) => id));
  });
});

describe("docs/crate-suspend.md", () => {
  const page = readPage("docs/crate-suspend.md");

  it("lists every flag of both operations", () => {
    const flags = [...suspendDefinition.flags, ...resumeDefinition.flags];
    expect(subjects(sectionOf(page, "## What to type"))).toEqual(typed(flags));
  });

  it("tells of every step of both in their order", () => {
    const set = (role: "master" | "data") => ({ name: role, uid: "1", role, replicas: 3 });
    const dependents = [{ name: "grand-central", replicas: 1 }];
    const details = { sets: [set("master"), set("data")], dependents, waitMs: 1, graceSeconds: 1 };
    const steps = [...suspendSteps(details), ...resumeSteps(details)].map(({ id }) => id);
    expect(subjects(sectionOf(page, "## The steps"))).toEqual(steps);
  });
});
