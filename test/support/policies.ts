import { z } from "zod";
import { readPolicy, type WrittenParts } from "../../src/domain/policy/read-policy.ts";
import type { Policy, PolicyRule } from "../../src/domain/policy/rule.ts";
import { type WrittenPolicy, writtenRuleSchema } from "../../src/domain/policy/written.ts";

/** A policy as handover.yaml writes it, read; throws what is complained of. */
export function policyOf(written: WrittenPolicy, more: Omit<WrittenParts, "policy"> = {}): Policy {
  const complaints: string[] = [];
  const policy = readPolicy({ policy: z.array(writtenRuleSchema).parse(written), ...more }, (path, message) =>
    complaints.push(`${path.join(".")}: ${message}`),
  );
  if (complaints.length > 0) throw new Error(complaints.join("\n"));
  return policy;
}

/** One rule of it, for everything and by default without approvals. */
export function ruleOf(
  written: Partial<WrittenPolicy[number]> = {},
  more: Omit<WrittenParts, "policy"> = {},
): PolicyRule {
  const [rule] = policyOf([{ name: "r", operations: ["*"], requesters: ["UA"], approvals: 0, ...written }], more);
  if (rule === undefined) throw new Error("there is no rule");
  return rule;
}
