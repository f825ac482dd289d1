import type { App } from "@slack/bolt";
import { z } from "zod";
import { answerClick } from "../actions/answer-click.ts";
import type { EdgeServices } from "../services.ts";
import { denialCallbackId, denialReasonActionId, denialReasonBlockId } from "./denial-modal.ts";
import { submittedClick } from "./submitted-click.ts";

const stateSchema = z.object({
  view: z.object({
    state: z.object({
      values: z.object({
        [denialReasonBlockId]: z.object({ [denialReasonActionId]: z.object({ value: z.string().nullish() }) }),
      }),
    }),
  }),
});

/** The submission of the modal behind Deny: it denies, with the reason given there. Acknowledged last. */
export function registerDenial(app: App, services: EdgeServices): void {
  app.view(denialCallbackId, async ({ body, ack }) => {
    await answerDenial(body, services);
    await ack();
  });
}

/** Does what a submission asks for, and tells the person whatever they could not see otherwise. Never throws. */
export function answerDenial(payload: unknown, services: EdgeServices): Promise<void> {
  return answerClick("deny", payload, services, (submission, home) => {
    const { values } = stateSchema.parse(submission).view.state;
    const reason = values[denialReasonBlockId]?.[denialReasonActionId]?.value ?? "";
    return submittedClick(submission, home, { accepted: false, reason: reason.trim() });
  });
}
