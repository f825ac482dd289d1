import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { loadKubeConfig } from "../../../src/adapters/kubernetes/load-kube-config.ts";

const kubeconfig = {
  clusters: [{ name: "prod", cluster: { server: "https://10.0.0.1:6443" } }],
  users: [{ name: "kim", user: { token: "t" } }],
  contexts: [
    { name: "prod", context: { cluster: "prod", user: "kim", namespace: "shop" } },
    { name: "prod-admin", context: { cluster: "prod", user: "kim" } },
  ],
  "current-context": "prod",
};

describe("a kubeconfig", () => {
  let folder: string;
  let file: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "handover-kubeconfig-"));
    file = join(folder, "config");
    await writeFile(file, JSON.stringify(kubeconfig));
    vi.stubEnv("HOME", folder);
  });

  afterEach(async () => {
    vi.unstubAllEnvs();
    await rm(folder, { recursive: true });
  });

  it("is taken from the file given, in its current context or the one named", () => {
    expect(loadKubeConfig({ file }).getCurrentContext()).toBe("prod");
    expect(loadKubeConfig({ file, context: "prod-admin" }).getCurrentContext()).toBe("prod-admin");
  });

  it("is taken from KUBECONFIG when no file is given", () => {
    vi.stubEnv("KUBECONFIG", file);
    expect(loadKubeConfig().getCurrentCluster()?.server).toBe("https://10.0.0.1:6443");
  });

  it.each([
    [{ file: "/does/not/exist" }, "--kubeconfig cannot be “/does/not/exist”"],
    [{ context: "test" }, "--context cannot be “test”"],
  ])("that cannot be used is a mistake in the command: %o", (source, text) => {
    expect(() => loadKubeConfig({ file, ...source })).toThrow(text);
  });

  it("that is nowhere to be found is said to be missing", () => {
    vi.stubEnv("KUBECONFIG", "");
    expect(() => loadKubeConfig()).toThrow("there is no kubeconfig");
  });

  it("without a current context needs one", async () => {
    await writeFile(file, JSON.stringify({ ...kubeconfig, "current-context": "" }));
    expect(() => loadKubeConfig({ file })).toThrow("names no current context");
  });
});
