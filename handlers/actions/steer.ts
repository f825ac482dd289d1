import type { App } from "@slack/bolt";
import { wishKinds } from "../../src/domain/request.ts";
import { wishActionIds } from "../messages/buttons.ts";
import type { EdgeServices } from "../services.ts";
import { answerClick } from "./answer-click.ts";

/**
 * The Cancel (or Stop), Pause and Resume buttons of what runs. They only put a wish on record: whoever carries it out asks for it
 * where it may stop. Acknowledged last: a frozen Lambda finishes nothing.
 */
export function registerSteering(app: App, services: EdgeServices): void {
  for (const kind of wishKinds) {
    app.action(wishActionIds[kind], async ({ body, ack }) => {
      await answerClick(kind, body, services);
      await ack();
    });
  }
}
