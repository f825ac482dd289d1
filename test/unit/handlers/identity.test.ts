import { beforeEach, describe, expect, it } from "vitest";
import { answerClick } from "../../../handlers/actions/answer-click.ts";
import type { Decision } from "../../../handlers/actions/decide.ts";
import { answerEngineCommand } from "../../../handlers/commands/engine-command.ts";
import { answerHomeOpened } from "../../../handlers/home/home.ts";
import type { Home } from "../../../handlers/person.ts";
import { answerAcceptance } from "../../../handlers/views/acceptance.ts";
import { approvalSchema } from "../../../src/domain/approval.ts";
import { noMemberships } from "../../../src/domain/memberships.ts";
import { aliasesOf, type Person } from "../../../src/domain/people.ts";
import { plannedApproval } from "../../../src/domain/policy/planned-approval.ts";
import { shownPlan } from "../../../src/domain/transitions/reading.ts";
import type { People } from "../../../src/ports/chat.ts";
import { policyOf } from "../../support/policies.ts";
import { alice, aPlan } from "../../support/records.ts";
import { AnEdge } from "./an-edge.ts";

const mail = (email: string) => aliasesOf({ email, enterpriseUser: null });
const aliceKnown: Person = { ...alice, aliases: mail("alice@example.com") };

/** An edge whose workspace is this, and for whom Slack knows these people by their addresses. */
class AnEdgeOf extends AnEdge {
  home: Home = { teamId: "T1" };
  readonly accounts = new Map<string, { objection?: string; aliases?: readonly string[] }>();
  lookUps = 0;

  override get services() {
    const people: People = {
      look: async (person) => {
        this.lookUps += 1;
        const { objection = null, aliases = mail(`${person.userId}@example.com`) } =
          this.accounts.get(person.userId) ?? {};
        return { objection, person: { ...person, aliases } };
      },
    };
    return { ...super.services, home: this.home, people };
  }
}

let edge: AnEdgeOf;

beforeEach(async () => {
  edge = new AnEdgeOf();
  await edge.announce();
});

async function ask(over: Record<string, string> = {}): Promise<void> {
  const payload = { team_id: "T1", user_id: "UALICE", channel_id: "C1", trigger_id: "1", text: "failover orders" };
  await answerEngineCommand("dolt", { ...payload, ...over }, edge.services);
}

const now = async () => (await edge.requests.read("r-1"))?.record;

interface Clicker {
  readonly id: string;
  /** Null: the payload does not say. */
  readonly team?: string | null;
  readonly enterprise?: string;
}

async function click(decision: Decision, { id, team = "T1", enterprise }: Clicker): Promise<void> {
  const record = await now();
  const value = { cluster: "main", requestId: "r-1", fingerprint: record && shownPlan(record)?.fingerprint };
  await answerClick(
    decision,
    {
      user: { id, ...(team === null ? {} : { team_id: team }) },
      // Always the app's own workspace, whoever clicks.
      team: { id: "T1" },
      ...(enterprise === undefined ? {} : { enterprise: { id: enterprise } }),
      container: { channel_id: "C1", message_ts: "1.0" },
      actions: [{ value: JSON.stringify(value) }],
      trigger_id: "2",
    },
    edge.services,
  );
}

describe("a click through Slack Connect", () => {
  beforeEach(async () => {
    await ask();
    await edge.plan("r-1");
  });

  it.each<[string, Clicker]>([
    ["from another workspace", { id: "UBOB", team: "T2" }],
    ["from no workspace that the payload names", { id: "UBOB", team: null }],
  ])("%s is refused by the clicker's own workspace, not the app's, and nobody is looked up", async (_, clicker) => {
    for (const decision of ["approve", "deny", "cancel"] as const) {
      await click(decision, clicker);
      expect(edge.lastTold).toContain("another workspace");
    }
    expect(await now()).toMatchObject({ state: "awaiting_approval", approvals: [] });
    expect(edge.lookUps).toBe(0);
  });

  it("cannot accept a loss either, by submitting the modal", async () => {
    const { lookUps } = edge;
    await answerAcceptance(
      {
        user: { id: "UBOB", team_id: "T2" },
        team: { id: "T1" },
        view: {
          private_metadata: JSON.stringify({
            value: { cluster: "main", requestId: "r-1" },
            channelId: "C1",
            messageTs: "1.0",
          }),
        },
      },
      edge.services,
    );
    expect(await now()).toMatchObject({ state: "awaiting_approval" });
    expect(edge.lookUps).toBe(lookUps);
  });
});

describe("on Enterprise Grid", () => {
  beforeEach(() => {
    edge.home = { teamId: "T1", enterpriseId: "E1" };
  });

  it("people are the organisation's, through whichever of its workspaces they come", async () => {
    await ask({ team_id: "T7", enterprise_id: "E1" });
    expect((await now())?.requester).toMatchObject({ userId: "UALICE", enterpriseId: "E1" });
    await edge.plan("r-1", { requester: { ...aliceKnown, teamId: "T7", enterpriseId: "E1" } });
    await click("approve", { id: "UALICE", team: "T1", enterprise: "E1" });
    expect(edge.lastTold).toContain("You asked for this");
    await click("approve", { id: "UBOB", team: "T9", enterprise: "E1" });
    expect(await now()).toMatchObject({ state: "approved" });
  });

  it("a command from another organisation is refused", async () => {
    await ask({ enterprise_id: "E2" });
    await ask();
    expect(await now()).toBeUndefined();
  });

  it("a click is refused where Slack knows the account as another organisation's, whatever the payload says", async () => {
    await ask({ enterprise_id: "E1" });
    await edge.plan("r-1", { requester: { ...aliceKnown, enterpriseId: "E1" } });
    edge.accounts.set("UBOB", { objection: "it belongs to another organisation" });
    // In a click through Slack Connect the payload's enterprise is that of the app, as its team is.
    await click("approve", { id: "UBOB", team: "T2", enterprise: "E1" });
    expect(edge.lastTold).toContain("another organisation");
    expect(await now()).toMatchObject({ state: "awaiting_approval" });
  });
});

describe("an account", () => {
  beforeEach(async () => {
    await ask();
    await edge.plan("r-1");
  });

  it.each(["it is deactivated", "it is a bot", "it is a guest", "it belongs to another organisation"])(
    "of which Slack says “%s” neither approves nor denies nor stops",
    async (objection) => {
      edge.accounts.set("UBOB", { objection });
      for (const decision of ["approve", "deny"] as const) {
        await click(decision, { id: "UBOB" });
        expect(edge.lastTold).toContain(objection);
      }
      expect(await now()).toMatchObject({ state: "awaiting_approval", approvals: [] });
    },
  );
});

describe("a person with two accounts", () => {
  beforeEach(async () => {
    edge.policy = edge.policy.map((rule) => ({ ...rule, approvals: 2, approvers: ["UBOB", "UCAROL", "UTWIN"] }));
    await ask();
    const [rule] = policyOf(edge.policy);
    if (rule === undefined) throw new Error("there is no rule");
    const approval = plannedApproval(rule, "hash", noMemberships, edge.clock.nowMs());
    await edge.plan("r-1", { requester: aliceKnown, approval });
  });

  it("cannot approve with the second what they asked for with the first", async () => {
    edge.accounts.set("UTWIN", { aliases: mail("Alice+work@example.com") });
    await click("approve", { id: "UTWIN" });
    expect(edge.lastTold).toContain("You asked for this");
    expect((await now())?.approvals).toEqual([]);
  });

  it("counts once", async () => {
    edge.accounts.set("UBOB", { aliases: mail("bob@example.com") });
    edge.accounts.set("UTWIN", { aliases: mail("bob@example.com") });
    await click("approve", { id: "UBOB" });
    await click("approve", { id: "UTWIN" });
    expect(edge.lastTold).toContain("one person counts once");
    expect(await now()).toMatchObject({ state: "awaiting_approval" });
    await click("approve", { id: "UCAROL" });
    expect(await now()).toMatchObject({ state: "approved" });
  });

  it("is known by them in the signed approval, without the address", async () => {
    edge.accounts.set("UBOB", { aliases: mail("bob@example.com") });
    await click("approve", { id: "UBOB" });
    const [signed] = (await now())?.approvals ?? [];
    const approval = approvalSchema.parse(JSON.parse(signed?.payload ?? "{}"));
    expect(approval.approver.aliases).toEqual(mail("bob@example.com"));
    expect(signed?.payload).not.toContain("bob@");
  });
});

it("a plan keeps the requester's other accounts for those who judge clicks", async () => {
  await ask();
  const record = await edge.plan("r-1", { requester: aliceKnown });
  expect(record.requester).toEqual(aliceKnown);
  expect(aPlan().requester).toEqual(alice);
});

describe("a guest, or anybody of whom Slack says nothing", () => {
  const command = (text: string) => ({
    team_id: "T1",
    user_id: "UGINA",
    channel_id: "C1",
    trigger_id: "1",
    text,
  });

  it.each(["history", "status", 'freeze orders for 2h "x"', "unfreeze orders"])(
    "is told nothing by /handover %s",
    async (text) => {
      edge.accounts.set("UGINA", { objection: "it is a guest" });
      const answer = await answerEngineCommand("kubernetes", command(text), edge.services);
      expect(JSON.stringify(answer)).toContain("it is a guest");
      expect(JSON.stringify(answer)).not.toContain("orders");
    },
  );

  it("sees nothing in the Home tab", async () => {
    await ask();
    edge.accounts.set("UGINA", { objection: "it is a guest" });
    await answerHomeOpened({ team_id: "T1", event: { user: "UGINA", tab: "home" } }, edge.services);
    expect(JSON.stringify(edge.published)).toContain("it is a guest");
    expect(JSON.stringify(edge.published)).not.toContain("orders");
    await answerHomeOpened({ team_id: "T1", event: { user: "UBOB", tab: "home" } }, edge.services);
    expect(JSON.stringify(edge.published.at(-1))).toContain("orders");
  });
});
