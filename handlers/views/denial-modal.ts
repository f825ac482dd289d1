import { longestReason } from "../../src/domain/command-line.ts";
import type { RequestRecord } from "../../src/domain/request.ts";
import type { ModalView } from "../../src/ports/chat.ts";
import { context, limits, plainText, section } from "../messages/blocks.ts";
import { title } from "../messages/face.ts";
import type { ClickMetadata } from "./submitted-click.ts";

export const denialCallbackId = "handover_denial";
export const denialReasonBlockId = "reason";
export const denialReasonActionId = "text";

/** Asks why; its submission is the denial. */
export function denialModal(record: RequestRecord, click: ClickMetadata): ModalView {
  return {
    type: "modal",
    callback_id: denialCallbackId,
    private_metadata: JSON.stringify(click),
    title: plainText("Deny this request?", limits.modalTitle),
    submit: plainText("Deny", limits.modalButton),
    close: plainText("Back", limits.modalButton),
    blocks: [
      section(`${title(record)}\nIt will not be done.`),
      {
        type: "input",
        block_id: denialReasonBlockId,
        label: plainText("Why", limits.inputLabel),
        element: {
          type: "plain_text_input",
          action_id: denialReasonActionId,
          multiline: true,
          min_length: 1,
          max_length: longestReason,
          focus_on_load: true,
          placeholder: plainText("A word is enough", limits.placeholder),
        },
      } satisfies { readonly type: string; readonly [field: string]: unknown },
      context("Whoever asked reads it in the thread. It stays on record, with your name."),
    ],
  };
}
