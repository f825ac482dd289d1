import { z } from "zod";
import type { Person } from "../../src/domain/people.ts";
import { type ButtonValue, readButtonValue } from "../messages/buttons.ts";
import { type Actor, type Home, trustedPerson } from "../person.ts";

/** Of a `block_actions` payload (https://docs.slack.dev/reference/interaction-payloads/block_actions-payload). */
const payloadSchema = z.object({
  user: z.object({ id: z.string().min(1), team_id: z.string().min(1).optional() }),
  enterprise: z.object({ id: z.string().min(1) }).nullish(),
  container: z.object({ channel_id: z.string().min(1), message_ts: z.string().min(1) }),
  actions: z.array(z.object({ value: z.string().optional() })).min(1),
  trigger_id: z.string().min(1).optional(),
  response_url: z.string().min(1).optional(),
});

/** A click on a button of a message. */
export interface Click {
  readonly actor: Actor;
  /** Null: not of this workspace. */
  readonly person: Person | null;
  readonly channelId: string;
  readonly messageTs: string;
  /** Null: no button of this version. */
  readonly value: ButtonValue | null;
  /** With it a modal can be opened, once, within 3 s. Null: nothing can be opened. */
  readonly triggerId: string | null;
  /** A secret: never logged, never stored. Null: none came with it, as with a modal's submission. */
  readonly responseUrl: string | null;
  /** It was the submission of the modal in which the plan's cost is accepted. */
  readonly accepted: boolean;
  /** Why, in the person's own words, where a modal asked for it. */
  readonly reason: string | null;
}

/** Where a click came from, and what its button carries, whichever button it is. */
export interface RawClick
  extends Pick<Click, "actor" | "person" | "channelId" | "messageTs" | "triggerId" | "responseUrl"> {
  readonly valueText: string;
}

/** @throws {z.ZodError} when Slack's payload is none of a click on a message */
export function readRawClick(payload: unknown, home: Home): RawClick {
  const { user, enterprise, container, actions, trigger_id, response_url } = payloadSchema.parse(payload);
  const actor = { userId: user.id, teamId: user.team_id ?? null, enterpriseId: enterprise?.id ?? null };
  return {
    actor,
    person: trustedPerson(actor, home),
    channelId: container.channel_id,
    messageTs: container.message_ts,
    valueText: actions[0]?.value ?? "",
    triggerId: trigger_id ?? null,
    responseUrl: response_url ?? null,
  };
}

/** @throws {z.ZodError} when Slack's payload is none of a click on a message */
export function readClick(payload: unknown, home: Home): Click {
  const { valueText, ...click } = readRawClick(payload, home);
  return { ...click, value: readButtonValue(valueText), accepted: false, reason: null };
}
