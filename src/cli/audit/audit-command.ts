import { fail } from "../../domain/errors.ts";
import { nearestWord } from "../../domain/nearest-word.ts";
import type { SideCommand } from "../side-commands.ts";
import { listAudit, listUsage } from "./list.ts";
import { showAudit, showUsage } from "./show.ts";
import { verifyAudit, verifyUsage } from "./verify.ts";

const verbs = { list: listAudit, show: showAudit, verify: verifyAudit } as const;

/** `npx handover audit list|show|verify`: what was decided, by whom and on which grounds, from the stream in Redis. */
export const auditCommand: SideCommand = {
  word: "audit",
  help: [
    [listUsage, "what was asked, decided, refused and done, a line each, the newest last"],
    [showUsage, "all that is on record of one request: each click, the plan as it was shown, the signed approvals"],
    [verifyUsage, "look whether the chain is whole, and every signature in it good"],
  ],
  async run(words, surroundings) {
    const [verb, ...others] = words;
    if (verb !== "list" && verb !== "show" && verb !== "verify") {
      const known = Object.keys(verbs).map((name) => `audit ${name}`);
      const nearest = verb === undefined ? null : nearestWord(verb, Object.keys(verbs));
      const given = verb === undefined ? "audit" : `audit ${verb}`;
      throw fail("command_unknown", {
        given,
        known,
        nearest: nearest === null ? null : `npx handover audit ${nearest}`,
      });
    }
    return await verbs[verb](others, surroundings);
  },
};
