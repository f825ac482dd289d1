import type { App } from "@slack/bolt";
import { approveActionId } from "../messages/buttons.ts";
import type { EdgeServices } from "../services.ts";
import { answerClick } from "./answer-click.ts";

/** The Approve button. Acknowledged last: a frozen Lambda finishes nothing. */
export function registerApprove(app: App, services: EdgeServices): void {
  app.action(approveActionId, async ({ body, ack }) => {
    await answerClick("approve", body, services);
    await ack();
  });
}
