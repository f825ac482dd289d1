import { fail } from "../../domain/errors.ts";
import type { SideCommand } from "../side-commands.ts";
import { explainPolicy, explainUsage } from "./explain-command.ts";
import { testPolicy, testUsage } from "./test-command.ts";

/** `npx handover policy`: what the policy in handover.yaml says, told and tested. */
export const policyCommand: SideCommand = {
  word: "policy",
  help: [
    [explainUsage, "which rule of handover.yaml decides and why, who may ask, and who could approve"],
    [testUsage, "run a table of expectations against the policy; exit code 1 when one is not met"],
  ],
  run(words, surroundings) {
    const [verb, ...others] = words;
    switch (verb) {
      case "explain":
        return explainPolicy(others, surroundings);
      case "test":
        return testPolicy(others, surroundings);
      default: {
        const nearest = verb === undefined ? null : `npx handover ${explainUsage}`;
        throw fail("command_unknown", {
          given: `policy ${verb ?? ""}`.trim(),
          known: ["policy explain", "policy test"],
          nearest,
        });
      }
    }
  },
};
