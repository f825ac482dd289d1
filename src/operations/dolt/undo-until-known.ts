import { HandoverError } from "../../domain/errors.ts";
import { DoltError } from "../../ports/dolt-servers.ts";
import type { OperationContext, UndoResult } from "../operation.ts";

const lookAgainAfterMs = 300;

/**
 * Tries to put things back until a try says how it ended, whatever fails meanwhile; only the signal ends it, and then nobody
 * knows.
 * @param tryOnce looks once, and does what that look allows; null: look again
 */
export async function undoUntilKnown(
  { clock, signal }: OperationContext,
  tryOnce: () => Promise<UndoResult | null>,
  unknown: () => UndoResult,
): Promise<UndoResult> {
  for (;;) {
    try {
      const result = await tryOnce();
      if (result !== null) return result;
    } catch (error) {
      if (!signal.aborted && !(error instanceof HandoverError || error instanceof DoltError)) throw error;
    }
    if (signal.aborted) return unknown();
    // An abort only ends the pause early.
    await clock.sleep(lookAgainAfterMs, signal).catch(() => undefined);
  }
}
