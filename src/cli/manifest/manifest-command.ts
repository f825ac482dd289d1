import { fail } from "../../domain/errors.ts";
import { exitCodes } from "../exit-codes.ts";
import type { SideCommand } from "../side-commands.ts";
import { readSideWords, type SideWords } from "../side-words.ts";
import { type Delivery, slackManifest } from "./slack-app.ts";

const usage = "manifest --url https://HOST/slack/events|--socket [--grid]";

/** `npx handover manifest`: what to paste at https://api.slack.com/apps. */
export const manifestCommand: SideCommand = {
  word: "manifest",
  help: [
    [
      usage,
      "print the Slack app's manifest, for an edge that Slack reaches by HTTP, or in Socket Mode; --grid for an organisation",
    ],
  ],
  run(words, { terminal }) {
    const options = { url: "text", socket: "switch", grid: "switch" } as const;
    const typed = readSideWords(words, { usage: `npx handover ${usage}`, options });
    terminal.out(slackManifest(deliveryOf(typed), { grid: typed.isSet("grid") }));
    return exitCodes.done;
  },
};

function deliveryOf(typed: SideWords): Delivery {
  const url = typed.text("url");
  const socket = typed.isSet("socket");
  if (url !== null && socket) {
    throw fail("flags_exclude", { one: "--url", other: "--socket", why: "Slack delivers in one way" });
  }
  if (socket) return { kind: "socket" };
  const expected = "the edge's address as Slack reaches it, https://HOST/slack/events";
  if (url === null || !URL.canParse(url) || new URL(url).protocol !== "https:") {
    throw fail("flag_value", { flag: "--url", given: url ?? "", expected });
  }
  return { kind: "http", url };
}
