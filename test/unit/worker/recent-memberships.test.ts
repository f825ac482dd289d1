import { beforeEach, expect, test } from "vitest";
import { Directories } from "../../../src/adapters/directories.ts";
import { RecentMemberships } from "../../../src/adapters/recent-memberships.ts";
import type { Membership } from "../../../src/domain/memberships.ts";
import { type Principal, principalKey } from "../../../src/domain/principals.ts";
import type { Directory, MembershipSource } from "../../../src/ports/memberships.ts";

const nowMs = 1_800_000_000_000;
const signal = new AbortController().signal;
const group = (id: string): Principal => ({ kind: "usergroup", id });
const user: Principal = { kind: "user", userId: "UBOB" };

let snapshot: Map<string, Membership>;
let asked: string[];
const source: MembershipSource = {
  look: async (principals) => {
    asked.push(...principals.map(principalKey));
    return new Map(principals.map((principal) => [principalKey(principal), { members: ["UNEW"], asOfMs: nowMs }]));
  },
};

beforeEach(() => {
  snapshot = new Map();
  asked = [];
});

const recent = () => new RecentMemberships({ read: async () => ({ memberships: snapshot, nowMs }) }, source);

test("what was found out in the last minute is not asked for again; all else is", async () => {
  snapshot.set("usergroup:S1", { members: ["UBOB"], asOfMs: nowMs - 60_000 });
  snapshot.set("usergroup:S2", { members: ["UBOB"], asOfMs: nowMs - 60_001 });
  snapshot.set("usergroup:S3", { unknown: "Slack did not answer in time" });
  const known = await recent().look(["S1", "S2", "S3", "S4"].map(group), signal);
  expect(asked).toEqual(["usergroup:S2", "usergroup:S3", "usergroup:S4"]);
  expect(known.get("usergroup:S1")).toEqual({ members: ["UBOB"], asOfMs: nowMs - 60_000 });
  for (const id of ["S2", "S3", "S4"]) expect(known.get(`usergroup:${id}`)).toMatchObject({ members: ["UNEW"] });
});

test("without Redis all is asked for; for people named by id nobody is asked", async () => {
  const away = new RecentMemberships({ read: () => Promise.reject(new Error("away")) }, source);
  expect((await away.look([group("S1"), user], signal)).size).toBe(1);
  expect(asked).toEqual(["usergroup:S1"]);
  expect((await recent().look([user], signal)).size).toBe(0);
});

test("each directory is asked for its own kinds only, and what nobody can be asked for is unknown", async () => {
  const groups: Directory = {
    kinds: new Set(["usergroup"] as const),
    ask: async (principals) =>
      new Map(
        principals.map((principal) => [
          principalKey(principal),
          principal === first ? { kind: "members", members: ["UBOB"] } : { kind: "nobody", why: "it was disabled" },
        ]),
      ),
  };
  const first = group("S1");
  const directories = new Directories([groups], async () => nowMs);
  const schedule: Principal = { kind: "pagerduty_schedule", id: "P1" };
  expect(await directories.look([first, group("S2"), schedule, user, first], signal)).toEqual(
    new Map([
      ["usergroup:S1", { members: ["UBOB"], asOfMs: nowMs }],
      ["usergroup:S2", { unknown: "it was disabled" }],
      ["pagerduty_schedule:P1", { unknown: "this worker has nobody to ask for it" }],
    ]),
  );
  const timeless = new Directories([groups], () => Promise.reject(new Error("away")));
  expect(await timeless.look([first, user], signal)).toEqual(
    new Map([["usergroup:S1", { unknown: "Redis did not answer" }]]),
  );
});
