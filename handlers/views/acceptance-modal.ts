import { z } from "zod";
import type { Acceptance } from "../../src/domain/plan.ts";
import type { RequestRecord } from "../../src/domain/request.ts";
import type { ModalView } from "../../src/ports/chat.ts";
import { context, limits, plainText, section } from "../messages/blocks.ts";
import { type ButtonValue, buttonValueSchema } from "../messages/buttons.ts";
import { title } from "../messages/face.ts";
import { mrkdwn } from "../messages/mrkdwn.ts";

export const acceptanceCallbackId = "handover_acceptance";

/** What the modal carries: the click on Approve that its submission stands for. */
export const acceptanceMetadataSchema = z.strictObject({
  value: buttonValueSchema,
  channelId: z.string().min(1),
  messageTs: z.string().min(1),
});

/** Repeats what the plan may cost, with its figures; its submission is the approval. */
export function acceptanceModal(
  record: RequestRecord,
  acceptance: Acceptance,
  click: { readonly value: ButtonValue; readonly channelId: string; readonly messageTs: string },
): ModalView {
  return {
    type: "modal",
    callback_id: acceptanceCallbackId,
    private_metadata: JSON.stringify(click satisfies z.infer<typeof acceptanceMetadataSchema>),
    title: plainText("Accept the loss?", limits.modalTitle),
    submit: plainText("Accept and approve", limits.modalButton),
    close: plainText("Back", limits.modalButton),
    blocks: [
      section(`${title(record)}\n*${mrkdwn(acceptance.title)}*`),
      section(acceptance.figures.map((figure) => `• ${mrkdwn(figure)}`).join("\n")),
      context("Your name stands in the thread and on record as the one who accepted this."),
    ],
  };
}
