import type { FaceDrawer } from "../../handlers/face/drawer.ts";
import { problemOf } from "../domain/errors.ts";
import type { LostChannelNews } from "./lost-channel-news.ts";
import type { Drawer, Log } from "./services.ts";

/** For one message of a sweep. */
const sweepDrawDeadlineMs = 10_000;

/** Draws for a worker: what cannot be drawn now is logged and left to the next sweep, so that drawing holds nothing up. */
export class MessageKeeper implements Drawer {
  readonly #drawer: FaceDrawer;
  readonly #log: Log;
  readonly #lost: Pick<LostChannelNews, "tell"> | null;

  /** @param lost hears of what Slack does not let be shown */
  constructor(drawer: FaceDrawer, log: Log, lost: Pick<LostChannelNews, "tell"> | null = null) {
    this.#drawer = drawer;
    this.#log = log;
    this.#lost = lost;
  }

  async drawOnce(requestId: string, options: { readonly deadlineMs: number }): Promise<void> {
    try {
      const result = await this.#drawer.drawOnce(requestId, options);
      if (result.kind === "refused") {
        this.#log.warn({ requestId, slack: result.slackError }, "Slack refused a request's message");
      }
    } catch (error) {
      const why = problemOf(error, "drawing a request's message");
      this.#log.warn({ requestId, problem: why.code, why: why.what }, "message not drawn; the next sweep tries again");
    }
  }

  async sweep(signal: AbortSignal): Promise<void> {
    await this.#drawer.sweep({ deadlineMs: sweepDrawDeadlineMs, signal });
    for (const [requestId, slackError] of this.#drawer.refused) await this.#lost?.tell(requestId, slackError);
  }
}
