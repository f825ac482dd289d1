import { describe, expect, it } from "vitest";
import { MysqlDoltServers } from "../../../src/adapters/dolt/dolt-servers.ts";
import { type DoltAddress, DoltError, type DoltSession } from "../../../src/ports/dolt-servers.ts";
import { execute, untilCaughtUp } from "../../conformance/dolt/client.ts";
import type { DoltNodeUnderTest, StartDoltCluster } from "../../conformance/dolt/cluster-under-test.ts";
import { startWithApp } from "../../conformance/dolt/start.ts";

const servers = new MysqlDoltServers();
const patient = () => ({ deadlineMs: 30_000, signal: AbortSignal.timeout(30_000) });

/** What operations rely on of the adapter: above all, what each failure says about what the server may have done. */
export function doltServersSuite(name: string, start: StartDoltCluster): void {
  describe(`the Dolt adapter on ${name}`, () => {
    it("hands the primary role over, and the spent session says that it was refused", async () => {
      const { a, b, c } = await startWithApp(start);
      const old = await connect(a);
      const candidate = await connect(b);

      const rows = await old.transitionToStandby(2, 0, patient());
      await candidate.assumeRole("primary", 2, patient());

      expect(rows.every((row) => row.caughtUp)).toBe(true);
      expect(new Set(rows.map((row) => row.database))).toEqual(new Set(["app", "mysql", "dolt_branch_control"]));
      expect(new Set(rows.map((row) => row.remote))).toEqual(new Set([b.name, c.name]));
      expect(await outcomeOf(old.identity(patient()))).toBe("refused");
      expect(await (await connect(b)).identity(patient())).toMatchObject({
        role: "primary",
        epoch: 2,
        readOnly: false,
      });
      expect(await (await connect(a)).identity(patient())).toMatchObject({ role: "standby", epoch: 2, readOnly: true });
    });

    it("reads replication with the address each remote is stored with, and no lag on a standby", async () => {
      const { a, b, c } = await startWithApp(start);

      const onPrimary = await (await connect(a)).replication(patient());
      const onStandby = await (await connect(b)).replication(patient());

      expect(onPrimary.map((row) => [row.database, row.remote, row.role, row.remoteUrl])).toEqual([
        ["app", b.name, "primary", `http://${b.replicationAddress(a)}/app`],
        ["app", c.name, "primary", `http://${c.replicationAddress(a)}/app`],
      ]);
      expect(onPrimary.map((row) => row.lagMs)).toEqual([0, 0]);
      expect(onStandby.map((row) => row.lagMs)).toEqual([null, null]);
    });

    it("says refused of what the server refuses, and the session goes on", async () => {
      const { b } = await startWithApp(start);
      const session = await connect(b);

      expect(await outcomeOf(session.assumeRole("primary", 1, patient()))).toBe("refused");
      expect(await outcomeOf(session.transitionToStandby(2, 0, patient()))).toBe("refused");
      expect(await session.identity(patient())).toMatchObject({ role: "standby", epoch: 1 });
    });

    it("says login of a wrong password, and unreachable where nobody listens", async () => {
      const { a, b } = await startWithApp(start);
      await b.kill();

      expect(await outcomeOf(servers.connect({ ...addressOf(a), password: "wrong" }, patient()))).toBe("login");
      expect(await outcomeOf(servers.connect(addressOf(b), patient()))).toBe("unreachable");
    });

    it("says unknown of a call that a frozen server does not answer, and asks nothing more in that session", async () => {
      const { a, b } = await startWithApp(start);
      const session = await connect(b);
      b.freeze();

      expect(await outcomeOf(session.assumeRole("primary", 2, { ...patient(), deadlineMs: 200 }))).toBe("unknown");
      expect(await outcomeOf(session.identity(patient()))).toBe("unreachable");
      expect(await outcomeOf(servers.connect(addressOf(b), { ...patient(), deadlineMs: 200 }))).toBe("unreachable");
      expect(await (await connect(a)).identity(patient())).toMatchObject({ role: "primary" });
      b.thaw();
    });

    it("says unknown of a call that is cancelled, and of one whose server dies", async () => {
      const { b, c } = await startWithApp(start);
      const cancelled = new AbortController();
      const toFrozen = await connect(b);
      const toDying = await connect(c);
      b.freeze();
      c.freeze();

      const first = outcomeOf(toFrozen.identity({ ...patient(), signal: cancelled.signal }));
      const second = outcomeOf(toDying.identity(patient()));
      cancelled.abort();
      await c.kill();

      expect(await first).toBe("unknown");
      expect(await second).toBe("unknown");
      b.thaw();
    });

    it("asks nothing once the wait is not wanted any more, and survives being closed twice", async () => {
      const { a } = await startWithApp(start);
      const session = await connect(a);
      const unwanted = { ...patient(), signal: AbortSignal.abort() };

      expect(await outcomeOf(session.identity(unwanted))).toBe("unreachable");
      expect(await outcomeOf(servers.connect(addressOf(a), unwanted))).toBe("unreachable");
      expect(await session.identity(patient())).toMatchObject({ role: "primary" });
      session.close();
      session.close();
      expect(await outcomeOf(session.identity(patient()))).toBe("unreachable");
    });

    it("gives equal texts for equal states, whatever each server keeps to itself", async () => {
      const { a, b, c } = await startWithApp(start);
      await execute(a, undefined, "CREATE USER app@'%' IDENTIFIED BY 'secret'", "GRANT ALL ON app.* TO app@'%'");
      await execute(a, "app", "CALL dolt_branch('feature/a.b')", "INSERT INTO t VALUES (1, 'one')");
      await untilCaughtUp(a, [b, c]);
      const [primary, standby] = [await connect(a), await connect(b)];

      const state = await primary.dataState(patient());

      expect(Object.keys(state.databases)).toEqual(["app"]);
      expect(await standby.dataState(patient())).toEqual(state);
      expect(await standby.privileges(patient())).toEqual({ users: state.users, branchControl: state.branchControl });
      expect(await standby.databases(patient())).toEqual(["app"]);
    });

    it("tells branches, accounts, settings and the server's clock, which ages a standby's last update", async () => {
      const { a, b, c } = await startWithApp(start);
      await execute(a, undefined, "CREATE USER app@'%' IDENTIFIED BY 'secret'");
      await execute(a, "app", "CALL dolt_branch('feature')", "SET GLOBAL dolt_cluster_ack_writes_timeout_secs = 3");
      await untilCaughtUp(a, [b, c]);

      const onPrimary = await (await connect(a)).details(patient());
      const standby = await connect(b);
      const [row] = await standby.replication(patient());
      const onStandby = await standby.details(patient());

      const held = { branches: { app: ["feature", "main"] }, accounts: expect.arrayContaining(["app@%", "root@%"]) };
      expect(onPrimary).toMatchObject({ ...held, settings: { dolt_cluster_ack_writes_timeout_secs: "3" } });
      expect(onStandby).toMatchObject({ ...held, settings: { dolt_cluster_ack_writes_timeout_secs: "0" } });
      const ageMs = onStandby.clockMs - (row?.lastUpdateMs ?? 0);
      expect(ageMs).toBeGreaterThan(-1_000);
      expect(ageMs).toBeLessThan(30_000);
    });
  });
}

function addressOf(node: DoltNodeUnderTest): DoltAddress {
  return { ...node.address, username: "root", password: "" };
}

function connect(node: DoltNodeUnderTest): Promise<DoltSession> {
  return servers.connect(addressOf(node), patient());
}

/** How a call that has to fail failed. */
async function outcomeOf(call: Promise<unknown>): Promise<DoltError["outcome"]> {
  try {
    await call;
  } catch (error) {
    if (error instanceof DoltError) return error.outcome;
    throw error;
  }
  throw new Error("a DoltError was expected, and the call succeeded");
}
