import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CoordinationV1Api, CoreV1Api, KubeConfig } from "@kubernetes/client-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { ROLE_LABEL } from "../../../sandbox/dolt-manifests.ts";
import type { ClusterHandle } from "../../../sandbox/handle.ts";
import { killAndWait, spawnTied } from "../../../sandbox/tied-process.ts";
import { readEnded } from "../../../src/execution/ledger.ts";

const namespace = "shop";
const failover = ["dolt", "failover", "shop/orders", "--reason", "a test"];
const program = new URL("../../../src/cli/main.ts", import.meta.url).pathname;

const reportSchema = z.object({
  exitCode: z.number(),
  user: z.string().nullable(),
  plan: z.object({ now: z.array(z.string()), steps: z.array(z.object({ id: z.string() })) }).nullable(),
  execution: z.object({ id: z.string(), state: z.string() }).nullable(),
  problems: z.array(z.object({ code: z.string() })),
});

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The command line as people run it: a process of its own, with nothing but a kubeconfig. */
export function commandLineSuite(name: string, start: () => Promise<ClusterHandle>): void {
  describe(`npx handover on ${name}`, () => {
    let cluster: ClusterHandle;
    let folder: string;
    let kubeConfig: KubeConfig;

    beforeAll(async () => {
      cluster = await start();
      await cluster.createDoltTarget({ namespace, name: "orders", replicas: 3, databases: ["app"] });
      folder = await mkdtemp(join(tmpdir(), "handover-cli-"));
      await writeFile(join(folder, "kubeconfig"), cluster.kubeconfig, { mode: 0o600 });
      kubeConfig = new KubeConfig();
      kubeConfig.loadFromString(cluster.kubeconfig);
    });

    afterAll(async () => {
      await cluster?.close();
      if (folder !== undefined) await rm(folder, { recursive: true, force: true });
    });

    /** `dieAt`: the process kills itself as soon as it prints this to stderr; `deaf`: nobody reads what it prints. */
    const run = async (words: readonly string[], options: { dieAt?: string; deaf?: boolean } = {}): Promise<Ended> => {
      const preload = options.dieAt === undefined ? [] : ["--import", dyingAt(options.dieAt)];
      const args = [...preload, program, ...words, "--kubeconfig", join(folder, "kubeconfig")];
      const child = spawnTied(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
      const { stdout, stderr } = child;
      if (stdout === null || stderr === null) throw new Error("the process has no pipes");
      const printed = { stdout: "", stderr: "" };
      stdout.on("data", (part: Buffer) => {
        printed.stdout += part.toString("utf8");
      });
      stderr.on("data", (part: Buffer) => {
        printed.stderr += part.toString("utf8");
      });
      if (options.deaf === true) {
        stdout.destroy();
        stderr.destroy();
      }
      try {
        const code = await new Promise<number | null>((resolve, reject) => {
          child.once("error", reject);
          child.once("exit", resolve);
        });
        return { code, ...printed };
      } finally {
        await killAndWait(child);
      }
    };

    const primary = async () => {
      const labelSelector = `${ROLE_LABEL}=primary`;
      const { items } = await kubeConfig.makeApiClient(CoreV1Api).listNamespacedPod({ namespace, labelSelector });
      return items.map((pod) => pod.metadata?.name);
    };
    const lease = () =>
      kubeConfig.makeApiClient(CoordinationV1Api).readNamespacedLease({ namespace, name: "handover-orders" });
    const reportOf = ({ stdout }: Ended) => reportSchema.parse(JSON.parse(stdout));

    it("says what every server says of itself", async () => {
      const ended = await run(["dolt", "status", "orders"]);

      expect(ended).toMatchObject({ code: 0, stderr: "" });
      expect(ended.stdout).toContain("orders-0: primary at epoch 1");
      expect(ended.stdout).toContain("orders-2: standby at epoch 1");
    });

    it("gives the primary's label back to where it belongs", async () => {
      const body = [{ op: "replace", path: `/metadata/labels/${ROLE_LABEL.replace("/", "~1")}`, value: "standby" }];
      await kubeConfig.makeApiClient(CoreV1Api).patchNamespacedPod({ namespace, name: "orders-0", body });

      const status = await run(["dolt", "status", "orders"]);
      const relabelled = await run(["dolt", "relabel", "orders", "--reason", "a test", "--yes", "--json"]);

      expect(status.stdout).toContain('npx handover dolt relabel shop/orders --reason "…"');
      expect(relabelled.code).toBe(0);
      expect(reportOf(relabelled)).toMatchObject({ execution: { state: "succeeded" }, problems: [] });
      expect(await primary()).toEqual(["orders-0"]);
      expect((await run(["dolt", "relabel", "orders", "--plan"])).stdout).toContain("there is nothing to change");
    });

    it("shows a plan as one JSON document, and changes nothing", async () => {
      const ended = await run(["dolt", "failover", "orders", "--plan", "--json"]);

      expect(ended.code).toBe(0);
      expect(reportOf(ended)).toMatchObject({ exitCode: 0, execution: null, problems: [] });
      expect(reportOf(ended).plan?.steps.map((step) => step.id)).toContain("demote");
      expect(await primary()).toEqual(["orders-0"]);
    });

    it("refuses what is not meant so, with the exit code for it", async () => {
      expect((await run(["dolt", "failover", "nothing", "--plan"])).code).toBe(2);
      expect((await run(["dolt", "failover", "orders", "--to", "orders-0", "--plan"])).code).toBe(3);
      expect((await run(failover)).stderr).toContain("--yes");
    });

    it("hands the primary over, with the user and the reason on record beside the lease", async () => {
      const ended = await run([...failover, "--to", "orders-1", "--yes", "--json"]);

      expect(reportOf(ended)).toMatchObject({ exitCode: 0, execution: { state: "succeeded" }, problems: [] });
      expect(ended.code).toBe(0);
      expect(await primary()).toEqual(["orders-1"]);
      const { spec, metadata } = await lease();
      expect(spec?.holderIdentity).toBeUndefined();
      const [record] = readEnded(metadata?.annotations?.["handover.dev/used-grants"] ?? null);
      expect(record?.unreported?.execution.authority).toMatchObject({
        kind: "break_glass",
        user: reportOf(ended).user,
        reason: "a test",
      });
    });

    it("finishes what it began though nobody reads what it prints", async () => {
      const ended = await run([...failover, "--to", "orders-2", "--yes"], { deaf: true });

      expect(ended.code).toBe(0);
      expect(await primary()).toEqual(["orders-2"]);
    });

    it("takes up what a killed one left between demotion and promotion", { timeout: 120_000 }, async () => {
      const killed = await run([...failover, "--to", "orders-0", "--yes"], { dieAt: "✓ Demote" });
      expect(killed.code).toBeNull();
      const plan = await run(["dolt", "failover", "orders", "--plan"]);
      expect(plan.code).toBe(5);

      const ended = await run([...failover, "--yes"]);

      expect(ended).toMatchObject({ code: 0 });
      expect(ended.stderr).toContain("holds the lease; looking for up to 15 s");
      expect(await primary()).toEqual(["orders-0"]);
      expect((await lease()).metadata?.annotations?.["handover.dev/execution"]).toBeUndefined();
    });
  });
}

/** A module that kills its process, as SIGKILL does, at the very moment it has printed this text to stderr. */
function dyingAt(text: string): string {
  const source = `
    const write = process.stderr.write.bind(process.stderr);
    process.stderr.write = (part, ...rest) => {
      const written = write(part, ...rest);
      if (String(part).includes(${JSON.stringify(text)})) process.kill(process.pid, "SIGKILL");
      return written;
    };
  `;
  return `data:text/javascript,${encodeURIComponent(source)}`;
}
