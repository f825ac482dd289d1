import { type Problem, problem } from "../errors.ts";
import { momentText } from "../moments.ts";
import type { ActiveFreeze } from "./freeze-windows.ts";

/** A refusal for a freeze of the policy: which, why, and until when, in its own time zone and in UTC. */
export function frozenByPolicy(target: string, { window, untilMs }: ActiveFreeze): Problem {
  return problem("frozen_by_policy", {
    target,
    window: window.name,
    reason: window.reason,
    until: momentText(untilMs, window.timeZone),
  });
}
