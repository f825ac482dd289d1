import { createHash } from "node:crypto";
import type { OperationContext } from "../operation.ts";
import type { DoltView } from "./look.ts";
import { dataStateOf } from "./server-calls.ts";

/** For each question; reading a state takes a few a branch. */
const questionDeadlineMs = 5_000;

/**
 * What a read-only server holds, as one text: as long as it stays the same, no primary has reached it. Users and branch
 * control are left out, which a primary sends up to a minute late. Throws DoltError.
 */
export async function heldBy(context: OperationContext, view: DoltView, name: string): Promise<string> {
  const { databases } = await dataStateOf(context, view, name, questionDeadlineMs);
  const rows = Object.entries(databases).sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash("sha256").update(JSON.stringify(rows)).digest("hex");
}
