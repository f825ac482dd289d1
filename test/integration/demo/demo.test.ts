import { once } from "node:events";
import { createServer } from "node:net";
import { Redis } from "ioredis";
import { afterEach, describe, expect, it } from "vitest";
import { freePort } from "../../../sandbox/free-port.ts";
import { startRedis } from "../../../sandbox/redis.ts";
import type { Message } from "../../../sandbox/slack/messages.ts";
import { people } from "../../../sandbox/slack/people.ts";
import { DemoProcess } from "./support/demo-process.ts";
import { PeopleAtThePage } from "./support/people-at-the-page.ts";
import { alive } from "./support/process-tree.ts";

const testTimeoutMs = 180_000;
const patience = { timeout: 30_000, interval: 50 };

describe("npm run demo", () => {
  const afterThis: (() => Promise<void>)[] = [];
  const startDemo = async (...args: Parameters<typeof DemoProcess.spawn>) => {
    const demo = await DemoProcess.spawn(...args);
    afterThis.push(() => demo.close());
    return demo;
  };
  afterEach(async () => {
    for (const end of afterThis.splice(0).toReversed()) await end();
  });

  it("hands a database over between two people, leaves nothing at Ctrl-C, and starts again on the same ports", {
    timeout: testTimeoutMs,
  }, async () => {
    const ports = [`--slack-port=${await freePort()}`, `--edge-port=${await freePort()}`];
    const demo = await startDemo(ports);
    const page = new PeopleAtThePage(await demo.ready());
    expect(demo.printed).toContain("/dolt failover orders");

    await page.type(people.alice, "failover orders");
    await page.click(people.bob, await faceThatSays(page, "Waiting for approval"), "Approve");
    const settled = await faceThatSays(page, "Succeeded");
    expect(settled.buttons.map(({ text }) => text)).toEqual(["Runbook"]);
    await expect
      .poll(() => demo.printed, patience)
      .toMatch(
        /orders: writes went from orders-0 to orders-\d; none was acknowledged for \d+ ms; the last of \d+ acknowledged writes is there/,
      );

    const processes = await demo.processes();
    expect(processes.length, "launcher, demo, Redis, Slack, edge, worker").toBeGreaterThanOrEqual(6);
    demo.signal("SIGINT");
    demo.signal("SIGINT");
    expect(await demo.ended()).toBe(0);
    expect(await alive(processes)).toEqual([]);
    expect(await demo.leftFiles()).toEqual([]);

    const again = await startDemo(ports);
    await again.ready();
    const second = await again.processes();
    // The launcher has no time to tell anybody.
    again.signal("SIGKILL");
    await again.ended();
    await expect.poll(() => alive(second), patience).toEqual([]);
    expect(await again.leftFiles()).toEqual([]);
  });

  it("names each port that is taken, and how to set another", async () => {
    const [slackPort, edgePort] = [await takenPort(), await takenPort()];
    const demo = await startDemo([`--slack-port=${slackPort.number}`], { HANDOVER_EDGE_PORT: `${edgePort.number}` });
    expect(await demo.ended()).toBe(1);
    expect(demo.printed).toContain(`Port ${slackPort.number} is taken`);
    expect(demo.printed).toContain("--slack-port");
    expect(demo.printed).toContain(`Port ${edgePort.number} is taken`);
    expect(demo.printed).toContain("HANDOVER_EDGE_PORT");
    await Promise.all([slackPort.close(), edgePort.close()]);
  });

  it("says what is wrong with a flag", async () => {
    const demo = await startDemo(["--slack-port", "slack"]);
    expect(await demo.ended()).toBe(1);
    expect(demo.printed).toMatch(/--slack-port is “slack”, which is no port/);
  });

  it("ends when it is told to while it starts", { timeout: testTimeoutMs }, async () => {
    const demo = await startDemo(["--slack-port=0", "--edge-port=0"]);
    const processes = await expect
      .poll(() => demo.processes(), patience)
      .toSatisfy((all) => all.length >= 3)
      .then(() => demo.processes());
    demo.signal("SIGTERM");
    expect(await demo.ended()).toBe(0);
    expect(await alive(processes)).toEqual([]);
    expect(await demo.leftFiles()).toEqual([]);
  });

  it("breaks servers as it is told on the terminal, and leaves nothing in a given Redis", {
    timeout: testTimeoutMs,
  }, async () => {
    const redis = await startRedis();
    afterThis.push(() => redis.close());
    const demo = await startDemo(["--slack-port=0", "--edge-port=0", "--faults"], { REDIS_URL: redis.url });
    const page = new PeopleAtThePage(await demo.ready());
    demo.type("kill the cat");
    await expect.poll(() => demo.printed, patience).toContain("That is no fault. There are:");
    demo.type("crash-loop billing-2");
    await expect.poll(() => demo.printed, patience).toContain("crash-loop billing-2: done");
    await page.type(people.bob, "failover billing");
    await faceThatSays(page, "Refused");
    demo.type("heal");
    await expect.poll(() => demo.printed, patience).toContain("heal: done");

    const client = new Redis(redis.url);
    afterThis.push(async () => client.disconnect());
    expect(await client.dbsize()).toBeGreaterThan(0);
    demo.signal("SIGTERM");
    expect(await demo.ended()).toBe(0);
    expect(await client.dbsize()).toBe(0);
  });
});

/** The newest message of a request that says this. */
async function faceThatSays(page: PeopleAtThePage, text: string): Promise<Message> {
  let found: Message | undefined;
  const look = async () => {
    const all = await page.messages();
    found = all.findLast((one) => one.threadTs === null && one.content.includes(text));
    return all.map(({ content }) => content).join("\n");
  };
  await expect.poll(look, patience).toContain(text);
  if (found === undefined) throw new Error(`No message says ${text}.`);
  return found;
}

async function takenPort(): Promise<{ number: number; close(): Promise<void> }> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const close = async () => {
    server.close();
    await once(server, "close");
  };
  return { number: address.port, close };
}
