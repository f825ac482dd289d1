import type { App } from "@slack/bolt";
import { dashboardActionId, runbookActionId } from "../messages/buttons.ts";

const links = new RegExp(`^(?:${runbookActionId}|${dashboardActionId}\\d+)$`);

/** Slack opens the address by itself and still wants an answer; without one it shows the person a warning. */
export function registerRunbook(app: App): void {
  app.action(links, async ({ ack }) => {
    await ack();
  });
}
