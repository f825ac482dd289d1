import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { newSigningKeys } from "../../../sandbox/keys.ts";
import { type RedisServer, startRedis } from "../../../sandbox/redis.ts";
import { connectRedis, type RedisConnection } from "../../../src/adapters/redis/connection.ts";
import { ClusterKeys } from "../../../src/adapters/redis/keys.ts";
import { RedisRequestStore } from "../../../src/adapters/redis/request-store.ts";
import { runSideCommand } from "../../../src/cli/side-commands.ts";
import { newRequestRecord } from "../../../src/domain/request.ts";
import { readSigningKey, signStatement } from "../../../src/domain/signing.ts";
import { approve } from "../../../src/domain/transitions/approving.ts";
import { planned } from "../../../src/domain/transitions/planning.ts";
import { changeRecord } from "../../../src/execution/change-record.ts";
import { alice, aNewRequest, anApproval, anEvent, aPlan, orders } from "../../support/records.ts";
import { FakeTerminal } from "../../unit/cli/stand-ins.ts";

const edgeKeys = newSigningKeys();
const clusterKeys = newSigningKeys();
const edgeKey = readSigningKey(edgeKeys.privateText);
const clusterKey = readSigningKey(clusterKeys.privateText);

let server: RedisServer;
let connection: RedisConnection;
let names = 0;
let cluster: string;
let store: RedisRequestStore;

beforeAll(async () => {
  server = await startRedis({ appendOnly: false });
  connection = connectRedis(server.url, { role: "worker" });
});
afterAll(async () => {
  await connection.close();
  await server.close();
});
beforeEach(() => {
  cluster = `audited-${++names}`;
  store = new RedisRequestStore(connection, new ClusterKeys(cluster));
});

function configuration(publicKey = clusterKeys.publicText): string {
  return stringify({
    version: 1,
    slack: { teamId: "T1" },
    clusters: [{ name: cluster, channel: "C1", publicKey }],
    edge: { publicKeys: [edgeKeys.publicText] },
    policy: [],
  });
}

async function audit(words: string, config: string | undefined = configuration()) {
  const terminal = new FakeTerminal();
  const environment = { REDIS_URL: server.url, HANDOVER_CONFIG_YAML: config };
  const exitCode = await runSideCommand(["audit", ...words.split(" ").filter(Boolean)], terminal, environment);
  return { exitCode, out: terminal.stdout, err: terminal.stderr };
}

/** A request that was asked for, planned, refused a click, and approved. */
async function aStory(): Promise<void> {
  const target = { ...orders, cluster };
  await store.create({
    deliveryId: "d",
    build: (nowMs) => newRequestRecord(aNewRequest({ target }), nowMs),
    audit: anEvent({ kind: "requested", requestId: "r-1", by: alice, facts: { target: `${cluster}/shop/orders` } }),
  });
  const plan = aPlan({ target: { ...aPlan().target, cluster } });
  const signed = signStatement(plan, clusterKey);
  await changeRecord(store, "r-1", { worker: "w-1" }, (record, nowMs) => planned(record, signed, plan, nowMs));
  await store.audit(anEvent({ kind: "click_refused", requestId: "r-1", facts: { problem: "approver_is_requester" } }));
  await changeRecord(store, "r-1", { edge: "e" }, (record, nowMs) => {
    const approval = anApproval(signed, plan);
    return approve(record, signStatement(approval, edgeKey), approval, nowMs);
  });
}

describe("npx handover audit", () => {
  test("lists what happened, and only what was asked for", async () => {
    await aStory();
    await store.audit(anEvent({ kind: "click_refused", requestId: "r-2", facts: {} }));

    const all = await audit("list");
    expect(all.exitCode).toBe(0);
    expect(all.out.trim().split("\n")).toHaveLength(5);
    expect(all.out).toMatch(/Z {2}requested {2}r-1 {2}UALICE \(T1\) {2}target=\S+\/shop\/orders/);
    expect(all.out).toContain("awaiting_approval  r-1  worker w-1  before=planning after=awaiting_approval");

    expect((await audit("list --target orders")).out.trim().split("\n")).toHaveLength(4);
    expect((await audit("list --kind click_refused --request r-2")).out.trim().split("\n")).toHaveLength(1);
    expect((await audit("list --target billing")).out).toBe("");
    const lines = (await audit("list --json")).out.trim().split("\n");
    expect(lines.map((line) => JSON.parse(line).event.kind)).toEqual([
      "requested",
      "awaiting_approval",
      "click_refused",
      "approved",
      "click_refused",
    ]);
  });

  test("shows a request with the plan as it was shown, and who approved it in which message", async () => {
    await aStory();

    const { exitCode, out } = await audit("show r-1");

    expect(exitCode).toBe(0);
    expect(out).toContain("now: orders-0 is primary at epoch 5");
    expect(out).toContain("1. Demote orders-0 to standby");
    expect(out).toMatch(/Approval of UBOB at .* in message \S+ of channel C1/);
    expect(out).toContain("problem=approver_is_requester");
  });

  test("finds the chain whole and the signatures good", async () => {
    await aStory();

    const { exitCode, out } = await audit("verify");

    expect(out).toContain("The chain is whole.");
    expect(out).toContain("2 signed statements were checked");
    expect(exitCode).toBe(0);
  });

  test("says which entry was changed, left out, or signed by a key that nobody knows", async () => {
    await aStory();
    const key = new ClusterKeys(cluster).audit;
    const entries = await connection.client.xrange(key, "-", "+");
    const second = entries[1]?.[0] ?? "";
    await connection.client.xdel(key, second);

    const cut = await audit("verify --json");
    expect(cut.exitCode).toBe(1);
    expect(JSON.parse(cut.out).findings).toMatchObject([{ id: entries[2]?.[0] }]);

    const strange = await audit("verify --json", configuration(newSigningKeys().publicText));
    expect(JSON.parse(strange.out).statements).toBe(1);
    expect(JSON.parse((await audit("verify --json")).out).signaturesChecked).toBe(true);
  });

  test("tells wrong words, a wrong cluster and an unknown request, and reads nothing", async () => {
    expect(await audit("lst")).toMatchObject({ exitCode: 2, err: expect.stringContaining("npx handover audit list") });
    expect(await audit("show")).toMatchObject({ exitCode: 2, err: expect.stringContaining("audit show REQUEST") });
    expect(await audit("show r-9")).toMatchObject({ exitCode: 3, err: expect.stringContaining("r-9") });
    expect(await audit("list --cluster other")).toMatchObject({ exitCode: 2, err: expect.stringContaining(cluster) });
    expect(await audit("list --since soon")).toMatchObject({ exitCode: 2, err: expect.stringContaining("24h") });
    expect(await audit("list --sinc 1h")).toMatchObject({ exitCode: 2, err: expect.stringContaining("--since") });
  });
});
