import type { Approval } from "../approval.ts";
import type { RecordedRule } from "./recorded-rule.ts";
import { type MissingApprovals, missingApprovals } from "./requirements.ts";

/** How far a request is from being approved. */
export interface Standing {
  readonly given: number;
  readonly needed: number;
  readonly isEnough: boolean;
  readonly missing: readonly MissingApprovals[];
  /** Whose approvals are missing, in words: `1 of @dba and 1 of @on-call`. Empty when it is enough. */
  readonly missingText: string;
}

/** How far these approvals go, by the rights that each was given with. Which rights those were is judged before an approval is signed. */
export function standingOf(
  rule: Pick<RecordedRule, "approvals" | "requirements">,
  approvals: readonly Pick<Approval, "rights">[],
): Standing {
  const { requirements } = rule;
  const rights = approvals.map((approval) => approval.rights.map(({ requirement }) => requirement));
  const missing = missingApprovals(
    requirements.map(({ count }) => count),
    rights,
  );
  return {
    given: approvals.length,
    needed: rule.approvals,
    isEnough: missing.length === 0,
    missing,
    missingText: missingText(missing, requirements),
  };
}

export function missingText(
  missing: readonly MissingApprovals[],
  requirements: readonly { readonly of: string }[],
): string {
  return missing
    .map(({ count, anyOf }) => `${count} of ${anyOf.map((index) => requirements[index]?.of ?? "nobody").join(" or ")}`)
    .join(" and ");
}
