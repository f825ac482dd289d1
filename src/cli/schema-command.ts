import { z } from "zod";
import { writtenConfigurationSchema } from "../config/handover-yaml.ts";
import { exitCodes } from "./exit-codes.ts";
import type { SideCommand } from "./side-commands.ts";
import { noWords } from "./side-words.ts";

/** `npx handover schema`: for editors, which then complete keys and mark mistakes while handover.yaml is written. */
export const schemaCommand: SideCommand = {
  word: "schema",
  help: [["schema", "print the JSON schema of handover.yaml, for editors"]],
  run(words, { terminal }) {
    noWords(words, "npx handover schema");
    const schema = z.toJSONSchema(writtenConfigurationSchema, { io: "input", target: "draft-7" });
    terminal.out(`${JSON.stringify({ title: "handover.yaml", ...schema }, null, 2)}\n`);
    return exitCodes.done;
  },
};
