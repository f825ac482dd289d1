import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { configuredAccess } from "../../../src/config/dolt-access.ts";
import { readDoltLogin, typedDoltLogin } from "../../../src/config/dolt-login.ts";

describe("the login for targets without a Secret of their own", () => {
  let folder: string;
  let file: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "handover-login-"));
    file = join(folder, "password");
    writeFileSync(file, "from a file\n");
  });

  afterAll(() => rmSync(folder, { recursive: true }));

  it("is none where the environment says none", () => {
    expect(readDoltLogin({})).toBeNull();
    expect(readDoltLogin({ DOLT_USERNAME: "", DOLT_PASSWORD: "" })).toBeNull();
  });

  it("is the environment's, or that of the files that it names", () => {
    expect(readDoltLogin({ DOLT_PASSWORD: "p" })).toEqual({ username: "root", password: "p", source: "DOLT_PASSWORD" });
    expect(readDoltLogin({ DOLT_USERNAME: "ops", DOLT_PASSWORD_FILE: file })).toEqual({
      username: "ops",
      password: "from a file",
      source: "DOLT_USERNAME and DOLT_PASSWORD_FILE",
    });
  });

  it("is not guessed where two are named, or the file cannot be read; and no value is told", () => {
    const both = () => readDoltLogin({ DOLT_PASSWORD: "s3cret", DOLT_PASSWORD_FILE: file });
    expect(both).toThrow(/DOLT_PASSWORD and DOLT_PASSWORD_FILE are both set/);
    expect(both).not.toThrow(/s3cret/);
    expect(() => readDoltLogin({ DOLT_PASSWORD_FILE: join(folder, "none") })).toThrow(/cannot be read \(ENOENT\)/);
  });

  it("is what was typed, and the environment's for what was not", () => {
    const environment = { DOLT_USERNAME: "ops", DOLT_PASSWORD: "p" };
    expect(typedDoltLogin({ username: null, passwordFile: null }, environment)).toBeNull();
    expect(typedDoltLogin({ username: "admin", passwordFile: null }, environment)).toMatchObject({
      username: "admin",
      password: "p",
    });
    expect(typedDoltLogin({ username: null, passwordFile: file }, environment)).toMatchObject({
      username: "ops",
      password: "from a file",
    });
  });
});

describe("what handover.yaml says of connecting", () => {
  it("is the target's own before the cluster's", () => {
    const config = { tls: "required", tlsCa: "/ca.pem", targets: { "shop/orders": { connectBy: "host" } } } as const;
    expect(configuredAccess(config, { namespace: "shop", name: "orders" })).toEqual([
      { connectBy: "host" },
      { tls: "required", tlsCa: { kind: "file", path: "/ca.pem" } },
    ]);
    expect(configuredAccess(config, { namespace: "shop", name: "billing" })).toHaveLength(1);
    expect(configuredAccess(undefined, { namespace: "shop", name: "orders" })).toEqual([]);
  });
});
