import { describe, expect, it } from "vitest";
import * as annotations from "../../../src/adapters/kubernetes/annotations.ts";
import { freezeAnnotation } from "../../../src/domain/freeze-words.ts";
import { engineAnnotation, nameAnnotation } from "../../../src/domain/target.ts";
import { pausedAnnotation } from "../../../src/operations/cratedb/backup-jobs.ts";
import { suspendedAnnotation } from "../../../src/operations/cratedb/suspension-record.ts";
import { roleLabel } from "../../../src/operations/dolt/role-labels.ts";
import { serverConfigAnnotation } from "../../../src/operations/dolt/server-config-source.ts";
import { readPage, subjects } from "./pages.ts";

describe("docs/annotations.md", () => {
  it("lists every annotation and label that the code names", () => {
    const { managedByValue: _, runbookAnnotation, dashboardAnnotation, ...keys } = annotations;
    const own = [engineAnnotation, nameAnnotation, freezeAnnotation, serverConfigAnnotation];
    const crate = [suspendedAnnotation, pausedAnnotation];
    const linked = [runbookAnnotation, dashboardAnnotation].flatMap((one) => [one, `${one}.OPERATION`]);
    const named = [...Object.values(keys), ...own, ...crate, ...linked];
    const documented = subjects(readPage("docs/annotations.md")).filter((key) => key.startsWith("handover.dev/"));
    expect(documented.toSorted()).toEqual(named.filter((key) => key.startsWith("handover.dev/")).toSorted());
    expect(subjects(readPage("docs/annotations.md"))).toEqual(
      expect.arrayContaining([roleLabel, annotations.managedByLabel]),
    );
  });
});
