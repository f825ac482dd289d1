import { DoltError } from "../../ports/dolt-servers.ts";
import type { OperationContext } from "../operation.ts";
import type { DoltView } from "./look.ts";
import { assumeRole, identityOf } from "./server-calls.ts";

const askAgainAfterMs = 200;

export type FoundDemotion =
  | { readonly demoted: true; readonly epoch: number }
  /** It is primary and writable, and the call will not be carried out any more. */
  | { readonly demoted: false; readonly why: string };

/**
 * A demotion failed, or its answer was lost: asks the server itself until it says, or the signal ends it. One that answers
 * as before may still have the call waiting, as a frozen one has, so its own epoch is raised above that call's before it
 * counts as not demoted: the same role at a higher epoch keeps its connections, and makes the call fail (dolt.md,
 * “Procedures”).
 * @param epoch the epoch the call was to reach
 */
export async function findOutDemotion(
  context: OperationContext,
  view: DoltView,
  primary: string,
  epoch: number,
  error: DoltError,
): Promise<FoundDemotion> {
  for (;;) {
    const identity = await identityOf(context, view, primary);
    if (identity?.role === "standby" && identity.epoch >= epoch) return { demoted: true, epoch: identity.epoch };
    // Read-only, a primary is in the middle of the demotion.
    if (identity?.role === "primary" && !identity.readOnly) {
      if (error.outcome !== "unknown") return { demoted: false, why: error.message };
      if (identity.epoch > epoch) {
        const why = `${error.message}; raised to epoch ${identity.epoch}, so that the call cannot come later`;
        return { demoted: false, why };
      }
      await tryToRaise(context, view, primary, epoch + 1);
    }
    await context.clock.sleep(askAgainAfterMs, context.signal);
  }
}

/** What came of it shows when the server is asked again. */
async function tryToRaise(context: OperationContext, view: DoltView, primary: string, epoch: number): Promise<void> {
  try {
    await assumeRole(context, view, primary, "primary", epoch);
  } catch (error) {
    if (!(error instanceof DoltError)) throw error;
  }
}
