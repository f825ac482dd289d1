import { createHash } from "node:crypto";
import type { Policy } from "./rule.ts";

/** Names a policy in plans, records and the audit: SHA-256 (hex) over all its rules as they are judged by. */
export function policyHashOf(policy: Policy): string {
  return createHash("sha256").update(JSON.stringify(policy)).digest("hex");
}
