import { describe, expect, it } from "vitest";
import { restartDefinition } from "../../../src/operations/kubernetes/restart-definition.ts";
import { restartSteps } from "../../../src/operations/kubernetes/restart-details.ts";
import { scaleDefinition } from "../../../src/operations/kubernetes/scale-definition.ts";
import { readPage, sectionOf, subjects } from "./pages.ts";

describe("docs/workloads.md", () => {
  const page = readPage("docs/workloads.md");

  it("lists every flag", () => {
    const flags = [...restartDefinition.flags, ...scaleDefinition.flags].map(({ name, value }) =>
      value === null ? `--${name}` : `--${name} ${value}`,
    );
    expect(subjects(sectionOf(page, "## What to type")).toSorted()).toEqual([...new Set(flags)].toSorted());
  });

  it("tells of every step of a restart", () => {
    const template = { digest: "d", restartedAt: null };
    const details = { uid: "u", before: template, write: { kind: "restart", at: "now" } as const, pods: 1, waitMs: 1 };
    const rolled = restartSteps({ ...details, evicted: [] }).map(({ id }) => id);
    const evicted = restartSteps({ ...details, write: null, evicted: [{ name: "POD", uid: "1" }] }).map(({ id }) => id);
    const ids = new Set([...rolled, ...evicted]);
    expect(subjects(sectionOf(page, "## Restart"))).toEqual([...ids]);
  });
});
