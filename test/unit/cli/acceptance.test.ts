import { beforeEach, expect, it } from "vitest";
import { readEnded } from "../../../src/execution/ledger.ts";
import type { Operation } from "../../../src/operations/operation.ts";
import { FakeTerminal, FakeWorld, run, target } from "./stand-ins.ts";

const title = "Writes that only orders-0 has are lost when orders-1 is promoted.";
const figures = ["app on orders-1: heard from the primary 12 s ago."];
const promote = 'dolt promote shop/orders --to orders-1 --reason "dead"';

let terminal: FakeTerminal;
let world: FakeWorld;

beforeEach(() => {
  terminal = new FakeTerminal();
  world = new FakeWorld();
  const operation: Operation = {
    name: "dolt.promote",
    plan: async (_context, parameters) => {
      const { draft } = await world.operation.plan();
      const acceptance = { title, figures, flag: "accept-loss", given: parameters.acceptLoss === true };
      return { kind: "plan", draft: { ...draft, acceptance } };
    },
    begin: (context, plan) => world.operation.begin(context, plan),
  };
  Object.assign(world, { operationNamed: () => operation });
});

const done = () => [...world.operation.world];

it("refuses what nobody has accepted, with the figures and the exact line to type", async () => {
  expect(await run(`${promote} --yes`.replaceAll('"', ""), terminal, world)).toBe(3);

  expect(terminal.stdout).toContain(`To be accepted by --accept-loss: ${title}\n  ${figures[0]}`);
  expect(terminal.stderr).toContain(figures[0]);
  expect(terminal.stderr).toContain(
    "npx handover dolt promote shop/orders --to orders-1 --accept-loss --reason dead --yes",
  );
  expect(done()).toEqual([]);
  expect(await world.leases.read(target)).toBeNull();
});

it("shows what is to be accepted with --plan, and that it could be done", async () => {
  expect(await run("dolt promote shop/orders --plan", terminal, world)).toBe(0);

  expect(terminal.stdout).toContain(title);
  expect(done()).toEqual([]);
});

it("does it with the flag, and who accepted it stands beside the lease", async () => {
  expect(await run("dolt promote shop/orders --accept-loss --reason dead", terminal, world)).toBe(0);

  expect(terminal.stdout).toContain(`Accepted by --accept-loss: ${title}`);
  const [ended] = readEnded((await world.leases.read(target))?.state.usedGrants ?? null);
  expect(ended?.unreported?.execution.authority).toMatchObject({
    user: "kim@example.com",
    plan: { parameters: { acceptLoss: true }, acceptance: { given: true, figures } },
  });
});
