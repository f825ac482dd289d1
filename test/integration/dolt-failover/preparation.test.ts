import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type SandboxCluster, startSandboxCluster } from "../../../sandbox/cluster.ts";
import { DoltError, type DoltServers } from "../../../src/ports/dolt-servers.ts";
import { FailoverBench } from "./support/failover-bench.ts";
import { InterceptedServers, type RoleCalls } from "./support/intercepted.ts";

/** What is done before the gap to make it short, and that none of it stays. */
describe("the preparation of a failover", () => {
  let cluster: SandboxCluster;
  let bench: FailoverBench;
  let old: string;
  let candidate: string;
  let targets = 0;

  beforeAll(async () => {
    cluster = await startSandboxCluster();
  });

  afterAll(async () => {
    await cluster?.close();
  });

  afterEach(async () => {
    await bench?.target.faults.heal();
    await bench?.close();
  });

  async function prepare(replicas = 3): Promise<void> {
    targets += 1;
    bench = await FailoverBench.start(cluster, `prepared${targets}`, { replicas });
    old = bench.pod(0);
    candidate = bench.pod(1);
    await bench.write(old, 1);
  }

  const servers = (calls: RoleCalls) => new InterceptedServers(bench.dolt, calls);

  it("makes commits wait and sends no reads to the candidate until the switch, and puts both back", async () => {
    await prepare();
    const seen: unknown[] = [];
    const dolt = servers({
      beforeDemotion: async () => {
        seen.push(await bench.ackWrites(old), await bench.roleLabels());
      },
    });

    const { state } = await bench.run(await bench.plan({ to: candidate }), { dolt });

    expect(state).toBe("succeeded");
    expect(seen).toEqual([1, ["primary", "candidate", "standby"]]);
    expect([await bench.ackWrites(old), await bench.ackWrites(candidate)]).toEqual([0, 0]);
    expect(await bench.roleLabels()).toEqual(["standby", "primary", "standby"]);
  });

  it("puts both back when it is undone", async () => {
    await prepare();
    const dolt = servers({ afterDemotion: () => bench.target.faults.kill(candidate) });

    const { state } = await bench.run(await bench.plan({ to: candidate }), { dolt });

    expect(state).toBe("failed");
    expect(await bench.ackWrites(old)).toBe(0);
    expect(await bench.roleLabels()).toEqual(["primary", "standby", "standby"]);
  });

  it("puts both back in a run that another process left in the middle of it", async () => {
    await prepare();
    const plan = await bench.plan({ to: candidate });
    const first = bench.begin(plan);
    for (const step of first.steps.slice(0, 2)) await step.act(AbortSignal.timeout(20_000));
    await first.close();
    expect(await bench.ackWrites(old)).toBe(1);

    const { state } = await bench.run(plan, {}, true);

    expect(state).toBe("succeeded");
    expect(await bench.ackWrites(old)).toBe(0);
    expect(await bench.roleLabels()).toEqual(["standby", "primary", "standby"]);
  });

  it("leaves a setting alone by which commits wait already", async () => {
    await prepare();
    await bench.sql(old, "SET GLOBAL dolt_cluster_ack_writes_timeout_secs = 7");
    let during: number | null = null;
    const dolt = servers({
      beforeDemotion: async () => {
        during = await bench.ackWrites(old);
      },
    });

    const { state } = await bench.run(await bench.plan({ to: candidate }), { dolt });

    expect(state).toBe("succeeded");
    expect([during, await bench.ackWrites(old)]).toEqual([7, 7]);
  });

  it("keeps the only standby of two for reads", async () => {
    await prepare(2);
    let during: string[] = [];
    const dolt = servers({
      beforeDemotion: async () => {
        during = await bench.roleLabels();
      },
    });

    const { state } = await bench.run(await bench.plan(), { dolt });

    expect(state).toBe("succeeded");
    expect(during).toEqual(["primary", "standby"]);
  });

  it("goes on without when the server refuses the setting", async () => {
    await prepare();
    const dolt: DoltServers = {
      async connect(address, options) {
        const session = await servers({}).connect(address, options);
        return { ...session, setAckWrites: () => Promise.reject(new DoltError("refused", "no privilege")) };
      },
    };

    const { state, steps } = await bench.run(await bench.plan({ to: candidate }), { dolt });

    expect(state).toBe("succeeded");
    expect(steps.find(({ id }) => id === "prepare")?.note).toBe("the standbys are still behind");
  });
});
