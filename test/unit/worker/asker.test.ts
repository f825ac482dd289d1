import { beforeEach, describe, expect, it } from "vitest";
import { aliasesOf } from "../../../src/domain/people.ts";
import { shownPlan } from "../../../src/domain/transitions/reading.ts";
import { ChatError, type People } from "../../../src/ports/chat.ts";
import { executeRequest } from "../../../src/worker/execute-request.ts";
import { planRequest } from "../../../src/worker/plan-request.ts";
import { aNewRequest, anEvent, aRecord } from "../../support/records.ts";
import { AWorker } from "./a-worker.ts";

let worker: AWorker;
let people: People;

beforeEach(() => {
  worker = new AWorker();
  people = { look: async (person) => ({ objection: null, person }) };
});

const shutdown = new AbortController().signal;
const services = () => ({ ...worker.services(), people });
const now = async () => (await worker.store.read("r-1"))?.record;

async function planned(rule: Partial<ReturnType<typeof aNewRequest>["rule"]> = {}) {
  const about = { rule: { ...aNewRequest().rule, ...rule } };
  await worker.store.create({ build: (nowMs) => aRecord(about, nowMs), deliveryId: "d-1", audit: anEvent() });
  await planRequest(services(), "r-1", shutdown);
  return await now();
}

describe("whoever asks", () => {
  it.each(["it is a guest", "it is deactivated", "it is a bot", "Slack does not know it"])(
    "with an account of which Slack says “%s” gets no plan",
    async (objection) => {
      people = { look: async (person) => ({ objection, person }) };
      const record = await planned();
      expect(record).toMatchObject({ state: "refused", outcome: { problems: [{ code: "person_not_trusted" }] } });
      expect(record?.outcome?.problems[0]?.what).toContain(objection);
      expect(record?.plan).toBeUndefined();
    },
  );

  it("gets no plan when Slack does not say who that is", async () => {
    people = { look: async () => Promise.reject(new ChatError("unknown", "no_answer")) };
    const record = await planned();
    expect(record).toMatchObject({ state: "refused", outcome: { problems: [{ code: "people_lookup_failed" }] } });
    expect(record?.outcome?.problems[0]?.what).toContain("no_answer");
  });

  it("is in the signed plan, and in the record, with what else they are known by", async () => {
    const aliases = aliasesOf({ email: "alice@example.com", enterpriseUser: null });
    people = { look: async (person) => ({ objection: null, person: { ...person, aliases } }) };
    const record = await planned();
    expect(record).toMatchObject({ state: "awaiting_approval", requester: { userId: "UALICE", aliases } });
    expect(record && shownPlan(record)?.requester.aliases).toEqual(aliases);
  });

  it("has nothing started any more once the account is deactivated", async () => {
    worker.policy = worker.policy.map((rule) => ({ ...rule, approvals: 0, approvers: [] }));
    expect(await planned({ approvals: 0, requirements: [] })).toMatchObject({ state: "approved" });
    people = { look: async (person) => ({ objection: "it is deactivated", person }) };
    await executeRequest(services(), "r-1", shutdown);
    expect(await now()).toMatchObject({ state: "refused", outcome: { problems: [{ code: "person_not_trusted" }] } });
  });
});

describe("a channel", () => {
  const open = { isShared: false, isArchived: false, hasApp: true };
  it.each([
    ["shared since", async () => ({ ...open, isShared: true }), "channel_shared"],
    ["archived since", async () => ({ ...open, isArchived: true }), "channel_closed"],
    ["that the app was taken out of", async () => ({ ...open, hasApp: false }), "channel_closed"],
    ["of which Slack says nothing", () => Promise.reject(new ChatError("unknown", "no_answer")), "channel_unknown"],
  ])("%s gets no plan", async (_, look, code) => {
    await worker.store.create({ build: (nowMs) => aRecord({}, nowMs), deliveryId: "d-1", audit: anEvent() });
    await planRequest({ ...services(), channels: { look } }, "r-1", shutdown);
    const record = await now();
    expect(record).toMatchObject({ state: "refused", outcome: { problems: [{ code }] } });
    expect(record?.plan).toBeUndefined();
  });

  it("that is shared, and named in the configuration, gets its plan", async () => {
    await worker.store.create({ build: (nowMs) => aRecord({}, nowMs), deliveryId: "d-1", audit: anEvent() });
    const channels = { look: async () => ({ ...open, isShared: true }) };
    await planRequest({ ...services(), channels, sharedChannels: ["C1"] }, "r-1", shutdown);
    expect(await now()).toMatchObject({ state: "awaiting_approval" });
  });
});
