import type { Acceptance } from "../../src/domain/plan.ts";
import type { RequestRecord } from "../../src/domain/request.ts";
import type { ModalView } from "../../src/ports/chat.ts";
import { context, limits, plainText, section } from "../messages/blocks.ts";
import { title } from "../messages/face.ts";
import { mrkdwn } from "../messages/mrkdwn.ts";
import type { ClickMetadata } from "./submitted-click.ts";

export const acceptanceCallbackId = "handover_acceptance";

/** Repeats what the plan may cost, with its figures; its submission is the approval. */
export function acceptanceModal(record: RequestRecord, acceptance: Acceptance, click: ClickMetadata): ModalView {
  return {
    type: "modal",
    callback_id: acceptanceCallbackId,
    private_metadata: JSON.stringify(click),
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
