import { createHash } from "node:crypto";
import type { DataState, DoltSession } from "../../ports/dolt-servers.ts";
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
  return textOf(await dataStateOf(context, view, name, questionDeadlineMs));
}

/** The same by a session that is open, so that what is asked on it next is asked of the very server that answered. */
export async function heldBehind(session: DoltSession, signal: AbortSignal): Promise<string> {
  return textOf(await session.dataState({ deadlineMs: questionDeadlineMs, signal }));
}

function textOf({ databases }: DataState): string {
  const rows = Object.entries(databases).sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash("sha256").update(JSON.stringify(rows)).digest("hex");
}
