import { describe, expect, it } from "vitest";
import { configuredAccess } from "../../../src/config/dolt-access.ts";
import { readCrateLogin, readDoltLogin, typedCrateLogin } from "../../../src/config/dolt-login.ts";
import { clusterConfigSchema } from "../../../src/config/handover-yaml.ts";

describe("the login of CrateDB", () => {
  it("comes from variables of its own, with CrateDB's own default user", () => {
    const environment = { DOLT_PASSWORD: "d", CRATE_PASSWORD: "c" };

    expect(readCrateLogin(environment)).toEqual({ username: "crate", password: "c", source: "CRATE_PASSWORD" });
    expect(readDoltLogin(environment)).toMatchObject({ username: "root", password: "d" });
    expect(readCrateLogin({ DOLT_USERNAME: "root" })).toBeNull();
  });

  it("is completed from them where a part was typed", () => {
    const typed = { username: "handover", passwordFile: null };

    expect(typedCrateLogin(typed, { CRATE_USERNAME: "x", CRATE_PASSWORD: "c" })).toEqual({
      username: "handover",
      password: "c",
      source: "the command line",
    });
  });
});

describe("how CrateDB is connected to", () => {
  it("stands under `crate`, the target before the cluster", () => {
    const cluster = clusterConfigSchema.shape.crate.parse({
      tls: "required",
      targets: { "db/metrics": { connectBy: "host" } },
    });

    expect(configuredAccess(cluster, { namespace: "db", name: "metrics" })).toEqual([
      { connectBy: "host" },
      { tls: "required" },
    ]);
    expect(configuredAccess(cluster, { namespace: "db", name: "other" })).toEqual([{ tls: "required" }]);
  });
});
