import type { App } from "@slack/bolt";
import { runbookActionId } from "../messages/buttons.ts";

/** Slack opens the address by itself and still wants an answer; without one it shows the person a warning. */
export function registerRunbook(app: App): void {
  app.action(runbookActionId, async ({ ack }) => {
    await ack();
  });
}
