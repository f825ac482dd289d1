import type { App } from "@slack/bolt";
import { z } from "zod";
import { answerClick } from "../actions/answer-click.ts";
import type { Click } from "../actions/click.ts";
import { type Home, trustedPerson } from "../person.ts";
import type { EdgeServices } from "../services.ts";
import { acceptanceCallbackId, acceptanceMetadataSchema } from "./acceptance-modal.ts";

/** Of a `view_submission` payload (https://docs.slack.dev/reference/interaction-payloads/view-interactions-payload). */
const payloadSchema = z.object({
  user: z.object({ id: z.string().min(1), team_id: z.string().min(1).optional() }),
  enterprise: z.object({ id: z.string().min(1) }).nullish(),
  view: z.object({ private_metadata: z.string() }),
});

/** The submission of the modal behind Approve: it approves, and says that the cost was accepted. Acknowledged last. */
export function registerAcceptance(app: App, services: EdgeServices): void {
  app.view(acceptanceCallbackId, async ({ body, ack }) => {
    await answerAcceptance(body, services);
    await ack();
  });
}

/** Does what a submission asks for, and tells the person whatever they could not see otherwise. Never throws. */
export function answerAcceptance(payload: unknown, services: EdgeServices): Promise<void> {
  return answerClick("approve", payload, services, readSubmission);
}

/**
 * The click that the submission stands for. What the modal carried is judged like any click: it proves nothing by itself.
 * @throws {Error} when Slack's payload is no submission of this modal
 */
function readSubmission(payload: unknown, home: Home): Click {
  const { user, enterprise, view } = payloadSchema.parse(payload);
  const { value, channelId, messageTs } = acceptanceMetadataSchema.parse(JSON.parse(view.private_metadata));
  const actor = { userId: user.id, teamId: user.team_id ?? null, enterpriseId: enterprise?.id ?? null };
  const person = trustedPerson(actor, home);
  return { actor, person, channelId, messageTs, value, triggerId: null, accepted: true };
}
