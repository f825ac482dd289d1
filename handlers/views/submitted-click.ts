import { z } from "zod";
import type { Click } from "../actions/click.ts";
import { buttonValueSchema } from "../messages/buttons.ts";
import { type Home, trustedPerson } from "../person.ts";

/** What a modal carries that a click on a face's button opened: the click that its submission stands for. */
export const clickMetadataSchema = z.strictObject({
  value: buttonValueSchema,
  channelId: z.string().min(1),
  messageTs: z.string().min(1),
});
export type ClickMetadata = z.infer<typeof clickMetadataSchema>;

/** Of a `view_submission` payload (https://docs.slack.dev/reference/interaction-payloads/view-interactions-payload). */
const payloadSchema = z.object({
  user: z.object({ id: z.string().min(1), team_id: z.string().min(1).optional() }),
  enterprise: z.object({ id: z.string().min(1) }).nullish(),
  view: z.object({ private_metadata: z.string() }),
});

/**
 * The click that the submission stands for. What the modal carried is judged like any click: it proves nothing by itself.
 * @param said what the person said in the modal
 * @throws {Error} when Slack's payload is no submission of such a modal
 */
export function submittedClick(payload: unknown, home: Home, said: Pick<Click, "accepted" | "reason">): Click {
  const { user, enterprise, view } = payloadSchema.parse(payload);
  const { value, channelId, messageTs } = clickMetadataSchema.parse(JSON.parse(view.private_metadata));
  const actor = { userId: user.id, teamId: user.team_id ?? null, enterpriseId: enterprise?.id ?? null };
  const person = trustedPerson(actor, home);
  return { actor, person, channelId, messageTs, value, triggerId: null, responseUrl: null, ...said };
}
