import type { App } from "@slack/bolt";
import { withdrawActionId } from "../messages/buttons.ts";
import type { EdgeServices } from "../services.ts";
import { answerClick } from "./answer-click.ts";

/** The Withdraw button: whoever asked takes the request back, until it runs. Acknowledged last: a frozen Lambda finishes nothing. */
export function registerWithdraw(app: App, services: EdgeServices): void {
  app.action(withdrawActionId, async ({ body, ack }) => {
    await answerClick("withdraw", body, services);
    await ack();
  });
}
