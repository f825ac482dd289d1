import { describe, expect, it } from "vitest";
import { Volume } from "../../../sandbox/dolt/engine/volume.ts";
import { ends, Lab, write } from "./controllers.ts";

describe("a simulated server's place in the cluster", () => {
  it("demotes at once when everybody is caught up, sparing the caller's connection", async () => {
    const lab = new Lab();
    const { a } = await lab.three();

    const rows = await a.controller.transitionToStandby(2, 0, 7);

    expect(rows.map((row) => `${row.database} ${row.remote} ${row.caughtUp} ${row.url}`)).toEqual([
      "app b true http://b:1/app",
      "app c true http://c:1/app",
      "mysql b true http://b:1",
      "mysql c true http://c:1",
      "dolt_branch_control b true http://b:1",
      "dolt_branch_control c true http://c:1",
    ]);
    expect(a.cuts).toEqual([7]);
    expect(a.controller.standing).toEqual({ role: "standby", epoch: 2 });
    expect([a.volume.role, a.volume.epoch]).toEqual(["standby", 2]);
  });

  it("is read-only for 10 s while one standby is dead, then succeeds when the others are enough", async () => {
    const lab = new Lab();
    const { a, c } = await lab.three();
    c.stop();
    write(a);
    let ended = false;

    const demotion = a.controller.transitionToStandby(2, 1, 7).finally(() => {
      ended = true;
    });
    await lab.clock.advance(9_900);

    expect([a.controller.readOnly, ended, a.controller.standing.role]).toEqual([true, false, "primary"]);
    await lab.clock.advance(200);
    expect((await demotion).filter((row) => !row.caughtUp).map((row) => `${row.database} ${row.remote}`)).toEqual([
      "app c",
    ]);
  });

  it("cuts connections twice when a demotion fails, and is primary again at its old epoch", async () => {
    const lab = new Lab();
    const { a, c } = await lab.three();
    c.stop();
    write(a);

    const demotion = ends(a.controller.transitionToStandby(2, 2, 7));
    await lab.clock.advance(10_100);

    expect(await demotion).toContain("Only caught up 1 standbys fully.");
    expect([a.controller.standing, a.controller.readOnly, a.cuts]).toEqual([
      { role: "primary", epoch: 1 },
      false,
      [7, 7],
    ]);
  });

  it("replicates users with a growing back-off, unseen in the status", async () => {
    const lab = new Lab();
    const { a, b, c } = await lab.three();
    lab.network.partition("a", "b");
    a.instance.storeAccounts({ users: [], grants: [] });
    // Attempts after 0, 1, 2.5, 4.75 and 8.125 s; the next comes at 13.2 s.
    await lab.clock.advance(8_500);
    lab.network.heal();
    write(a);
    await lab.clock.advance(1_500);

    expect(a.controller.status().map((row) => row.lagMs)).toEqual([0, 0]);
    expect([b.volume.accounts?.users.length, c.volume.accounts?.users.length]).toEqual([2, 0]);
    const demotion = a.controller.transitionToStandby(2, 0, 7);
    await lab.clock.advance(5_000);
    expect((await demotion).every((row) => row.caughtUp)).toBe(true);
    expect(b.volume.accounts?.users.length).toBe(0);
  });

  it("shows how long a standby has been behind, and why", async () => {
    const lab = new Lab();
    const { a } = await lab.three();
    lab.network.partition("a", "c");
    write(a);
    await lab.clock.advance(3_000);

    const [toB, toC] = a.controller.status();

    expect(toB).toMatchObject({ remote: "b", lagMs: 0, error: null });
    expect(toC?.lagMs).toBeGreaterThanOrEqual(3_000);
    expect(toC?.error).toContain("connection refused");
  });

  it("delays a slow link, and nothing else", async () => {
    const lab = new Lab();
    const { a, b, c } = await lab.three();
    lab.network.slow("a", "c", 5_000);
    await lab.clock.advance(6_000);
    write(a);
    await lab.clock.advance(1_000);
    const state = a.volume.databases.get("app")?.state;

    expect([b, c].map((node) => node.volume.databases.get("app")?.state === state)).toEqual([true, false]);
    await lab.clock.advance(11_000);
    expect(c.volume.databases.get("app")?.state).toBe(state);
  });

  it("does not keep the role on a full disk: a restart brings the old one back", async () => {
    const lab = new Lab();
    const { a } = await lab.three();
    a.volume.full = true;

    await a.controller.transitionToStandby(2, 0, 7);

    expect(a.controller.standing).toEqual({ role: "standby", epoch: 2 });
    a.stop();
    a.volume.full = false;
    const again = lab.node({ name: "a", others: ["b", "c"], role: "standby", volume: a.volume });
    expect(again.controller.standing).toEqual({ role: "primary", epoch: 1 });
  });

  it("breaks a healthy primary when a standby with an empty volume boots as another", async () => {
    const lab = new Lab();
    const { a, c } = await lab.three();
    c.stop();

    const empty = lab.node({ name: "c", others: ["a", "b"], role: "primary", volume: new Volume() });
    await lab.clock.advance(2_000);

    expect([a, empty].map((node) => node.controller.standing.role)).toEqual([
      "detected_broken_config",
      "detected_broken_config",
    ]);
    expect(a.controller.readOnly).toBe(true);
  });

  it("keeps a database's stored remote after the template changed, so that no standby counts as caught up", async () => {
    const lab = new Lab();
    const { a } = await lab.three();
    a.stop();
    const moved = lab.node({ name: "a", others: ["b", "c"], role: "primary", volume: a.volume, remotePort: 2 });
    await lab.clock.advance(3_000);

    const demotion = ends(moved.controller.transitionToStandby(2, 1, 7));
    await lab.clock.advance(10_100);

    expect(await demotion).toContain("Only caught up 0 standbys fully.");
  });

  it("stops doing anything while frozen, and takes what was sent meanwhile when it goes on", async () => {
    const lab = new Lab();
    const { a, b } = await lab.three();
    b.gate.close();
    write(a);
    await lab.clock.advance(2_000);
    expect(a.controller.status()[0]).toMatchObject({ remote: "b", error: null });

    b.gate.open();
    await lab.clock.advance(100);

    expect(b.volume.databases.get("app")?.state).toBe(a.volume.databases.get("app")?.state);
  });

  it("forces a lower primary to standby, for good, when it meets a higher one", async () => {
    const lab = new Lab();
    const { a, b } = await lab.three();
    lab.network.partition("a", "b");
    lab.network.partition("a", "c");
    await b.controller.assumeRole("primary", 5, 1);
    write(a);
    await lab.clock.advance(1_000);
    lab.network.heal();
    await lab.clock.advance(3_000);

    expect(a.controller.standing).toEqual({ role: "standby", epoch: 5 });
    expect(a.cuts).toContain(undefined);
    expect(a.volume.databases.get("app")?.state).toBe(b.volume.databases.get("app")?.state);
  });
});
