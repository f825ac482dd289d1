import type { App } from "@slack/bolt";
import { denyActionId } from "../messages/buttons.ts";
import type { EdgeServices } from "../services.ts";
import { answerClick } from "./answer-click.ts";

/** The Deny button. Acknowledged last: a frozen Lambda finishes nothing. */
export function registerDeny(app: App, services: EdgeServices): void {
  app.action(denyActionId, async ({ body, ack }) => {
    await answerClick("deny", body, services);
    await ack();
  });
}
