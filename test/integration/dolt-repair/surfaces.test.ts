import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startSandboxCluster } from "../../../sandbox/cluster.ts";
import type { ClusterHandle, DoltTarget } from "../../../sandbox/handle.ts";
import { killAndWait, spawnTied } from "../../../sandbox/tied-process.ts";
import { exitCodes } from "../../../src/cli/exit-codes.ts";
import { Scenario } from "../../support/scenario.ts";
import { TargetSql } from "../../support/target-sql.ts";
import { untilWithin } from "../../support/until.ts";

const program = new URL("../../../src/cli/main.ts", import.meta.url).pathname;
const until = untilWithin(30_000);

/** One target whose first two servers broke one another, seen by people: from a terminal, then from Slack. */
describe("a repair, as people ask for it", () => {
  let cluster: ClusterHandle;
  let target: DoltTarget;
  let scenario: Scenario;
  let sql: TargetSql;
  let folder: string;

  beforeAll(async () => {
    cluster = await startSandboxCluster();
    target = await cluster.createDoltTarget({ namespace: "shop", name: "orders", replicas: 3, databases: ["app"] });
    scenario = await Scenario.prepare(cluster, target);
    await scenario.start();
    sql = await TargetSql.open(target, scenario.kubeConfig());
    folder = await mkdtemp(join(tmpdir(), "handover-repair-"));
    await writeFile(join(folder, "kubeconfig"), cluster.kubeconfig, { mode: 0o600 });
    await target.faults.partition("orders-0", "orders-1");
    for (const pod of ["orders-0", "orders-1"]) {
      await sql.rows(pod, "CALL dolt_assume_cluster_role('primary', 2)");
      await sql.rows(pod, `INSERT INTO app.t VALUES (${pod === "orders-0" ? 10 : 20}, 'own')`);
    }
    await target.faults.heal();
    for (const pod of ["orders-0", "orders-1"]) {
      const role = () => sql.value(pod, "SELECT @@GLOBAL.dolt_cluster_role AS value");
      await until(`${pod} is broken`, async () => (await role()) === "detected_broken_config");
    }
  });

  afterAll(async () => {
    await scenario?.close();
    await scenario?.disconnect();
    await cluster?.close();
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  });

  async function run(...words: readonly string[]): Promise<{ code: number | null; printed: string }> {
    const args = [program, "dolt", "repair", "shop/orders", ...words, "--kubeconfig", join(folder, "kubeconfig")];
    const child = spawnTied(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
    let printed = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on("data", (part: Buffer) => {
        printed += part.toString("utf8");
      });
    }
    try {
      const code = await new Promise<number | null>((resolve, reject) => {
        child.once("error", reject);
        child.once("exit", resolve);
      });
      return { code, printed };
    } finally {
      await killAndWait(child);
    }
  }

  it("shows both sides in a terminal, with lines that can be typed there, and changes nothing", async () => {
    const { code, printed } = await run("--plan");

    expect(code).toBe(exitCodes.done);
    expect(printed).toMatch(/npx handover dolt repair shop\/orders --to orders-1 --save-to URL --reason "…"/);
    expect(printed).toMatch(/app\/main: the same up to commit .* 1 of them not on orders-1/);
    expect(printed).not.toContain("/dolt repair ");
    expect(await sql.value("orders-1", "SELECT @@GLOBAL.dolt_cluster_role AS value")).toBe("detected_broken_config");
  });

  it("does nothing in a terminal until the loss is accepted, and says with which line", async () => {
    const { code, printed } = await run("--to", "orders-1", "--reason", "mend", "--yes");

    expect(code).toBe(exitCodes.refused);
    expect(printed).toMatch(/Only what orders-1 holds stays/);
    expect(printed).toMatch(/--accept-loss/);
  });

  it("says what is wrong with a URL or a suffix", async () => {
    expect((await run("--to", "orders-1", "--save-to", "s3://me:secret@bucket", "--reason", "x")).code).toBe(
      exitCodes.usage,
    );
    const { code, printed } = await run("--to", "orders-1", "--restore-as", "kept", "--plan");
    expect({ code, says: /beside --save-to/.test(printed) }).toEqual({ code: exitCodes.usage, says: true });
  });

  it("is shown, accepted by name and carried out from Slack", async () => {
    const face = await scenario.ask(`repair orders --to orders-1 --save-to file://${folder}/saves --restore-as kept`);
    expect(face.content).toMatch(/To be accepted by name/);
    expect(face.content).toMatch(/orders-0 is overwritten; its databases are saved first/);

    await scenario.approve(face);
    await until("the window is open", async () => scenario.slack.calls("views.open").length > 0);
    await scenario.slack.submitModal(scenario.slack.users.bob);

    const settled = await scenario.faceReads(face, /Succeeded|Failed|unknown/);
    expect(settled.content).toMatch(/Succeeded/);
    expect(settled.content).toMatch(/orders-1 is primary, and 2 follow it.*Saved: app of orders-0: file:/s);
    expect(await scenario.routed()).toEqual(["orders-1"]);
    const rows = await sql.rows("orders-1", "SELECT id FROM app_kept.t");
    expect(rows.map(({ id }) => id)).toEqual([10]);
  });
});
