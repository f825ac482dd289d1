import type { App } from "@slack/bolt";
import { answerClick } from "../actions/answer-click.ts";
import type { EdgeServices } from "../services.ts";
import { acceptanceCallbackId } from "./acceptance-modal.ts";
import { submittedClick } from "./submitted-click.ts";

/** The submission of the modal behind Approve: it approves, and says that the cost was accepted. Acknowledged last. */
export function registerAcceptance(app: App, services: EdgeServices): void {
  app.view(acceptanceCallbackId, async ({ body, ack }) => {
    await answerAcceptance(body, services);
    await ack();
  });
}

/** Does what a submission asks for, and tells the person whatever they could not see otherwise. Never throws. */
export function answerAcceptance(payload: unknown, services: EdgeServices): Promise<void> {
  return answerClick("approve", payload, services, (submission, home) =>
    submittedClick(submission, home, { accepted: true, reason: null }),
  );
}
