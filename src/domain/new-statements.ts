import type { RequestRecord } from "./request.ts";
import { digestOf, type Signed } from "./signing.ts";

/**
 * The signed statements that a change brought into the record: the plan as it was shown, and approvals. The audit keeps
 * them, so that what was decided can be checked long after the record is gone.
 */
export function newStatements(before: RequestRecord | null, after: RequestRecord): Signed[] {
  const known = new Set(before === null ? [] : statementsOf(before).map(digestOf));
  return statementsOf(after).filter((statement) => !known.has(digestOf(statement)));
}

function statementsOf({ plan, approvals }: RequestRecord): Signed[] {
  return [...(plan === undefined ? [] : [plan]), ...approvals];
}
