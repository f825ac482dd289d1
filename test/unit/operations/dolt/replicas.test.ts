import { describe, expect, it } from "vitest";
import { missingFrom } from "../../../../src/operations/dolt/caught-up.ts";
import { differences } from "../../../../src/operations/dolt/data-states.ts";
import type { CaughtUpRow, DataState } from "../../../../src/ports/dolt-servers.ts";
import { podOf } from "./views.ts";

const pods = ["orders-1", "orders-10", "orders-2"].map((name) => ({ name, pod: podOf(name) }));

describe("what a pod lacks by the rows of a demotion", () => {
  const rows = (pod: string, lacking: readonly string[] = []): CaughtUpRow[] =>
    ["app", "mysql", "dolt_branch_control"].map((database) => ({
      caughtUp: !lacking.includes(database),
      database,
      remote: pod,
      remoteUrl: `http://${pod}.orders-internal:50051`,
    }));

  it.each<[string, CaughtUpRow[], string[]]>([
    ["nothing", rows("orders-1"), []],
    ["a database", rows("orders-1", ["app"]), ["app"]],
    ["users", rows("orders-1", ["mysql"]), ["mysql"]],
    ["branch control", rows("orders-1", ["dolt_branch_control"]), ["dolt_branch_control"]],
    ["what no row speaks of", rows("orders-1").slice(0, 1), ["mysql", "dolt_branch_control"]],
    ["everything, when the rows are another pod's", rows("orders-10"), ["app", "mysql", "dolt_branch_control"]],
    [
      "a database that the rows speak of for another pod only",
      [...rows("orders-1"), ...rows("orders-2").map((row) => ({ ...row, database: "new" }))],
      ["new"],
    ],
    [
      "a database that one row denies, whatever another says",
      [...rows("orders-1"), ...rows("orders-1", ["app"])],
      ["app"],
    ],
  ])("%s", (_, given, expected) => {
    expect(missingFrom("orders-1", ["app"], given, pods)).toEqual(expected);
  });
});

describe("in what two states differ", () => {
  const state: DataState = { databases: { app: "a", billing: "b" }, users: "u", branchControl: "c" };
  it.each<[DataState, string[]]>([
    [state, []],
    [{ ...state, databases: { app: "a", billing: "x" } }, ["database billing"]],
    [{ ...state, databases: { app: "a" } }, ["database billing"]],
    [{ ...state, databases: { ...state.databases, more: "m" } }, ["database more"]],
    [{ ...state, users: "x" }, ["users and grants"]],
    [{ ...state, branchControl: "x" }, ["branch control"]],
    [
      { databases: {}, users: "x", branchControl: "x" },
      ["database app", "database billing", "users and grants", "branch control"],
    ],
  ])("%j: %j", (other, expected) => {
    expect(differences(state, other)).toEqual(expected);
    expect(differences(other, state)).toEqual(expected);
  });
});
