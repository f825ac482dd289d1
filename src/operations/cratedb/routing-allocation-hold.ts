import { fail } from "../../domain/errors.ts";
import { allocationEnableSetting } from "../../ports/crate-settings.ts";
import type { OperationContext } from "../operation.ts";
import { asked } from "./crate-calls.ts";
import { usesDcUtil } from "./pre-stop.ts";
import {
  allocationWhileRestarting,
  type HookSettings,
  hookSettingsIn,
  repairsOf,
  routingOwner,
  routingOwnerLabel,
} from "./routing-allocation.ts";
import type { CrateSession } from "./session.ts";

/**
 * Lets no replica be built elsewhere while a node is away: first the label, by which dc_util's hooks leave the setting alone,
 * then TRANSIENT, which hides what hooks may have left, then PERSISTENT, which outlives a full restart. Safe to do twice.
 */
export async function holdAllocation(context: OperationContext, session: CrateSession): Promise<void> {
  await labelOwner(context, session, routingOwner(context.clock.nowMs()));
  const options = session.options(context.signal);
  const settings = { [allocationEnableSetting]: allocationWhileRestarting };
  await asked("holding the allocation", session.database.setGlobal("transient", settings, options));
  await asked("holding the allocation", session.database.setGlobal("persistent", settings, options));
}

/**
 * Ends a hold: both levels go whatever is in force, as SQL shows the effective value only, and a persistent one that something
 * transient hides would come back after a full restart. Safe to do twice.
 */
export async function releaseAllocation(
  context: OperationContext,
  session: CrateSession,
  before: HookSettings,
): Promise<void> {
  const options = session.options(context.signal);
  await asked("releasing the allocation", session.database.resetGlobal([allocationEnableSetting], options));
  await openAllocation(context, session, before);
}

/**
 * Lets shards be placed again, and puts back what preStop hooks have left of these settings, as it was `before`. Looks whether it
 * is so. Safe to do twice.
 */
export async function openAllocation(
  context: OperationContext,
  session: CrateSession,
  before: HookSettings,
): Promise<void> {
  const options = session.options(context.signal);
  const now = async () => {
    const { settings } = await asked("asking for the settings", session.database.state(options));
    return repairsOf(before, hookSettingsIn(settings.all));
  };
  for (const repair of await now()) {
    const { setting } = repair;
    await asked(
      `putting ${setting} back`,
      repair.kind === "reset"
        ? session.database.resetGlobal([setting], options)
        : session.database.setGlobal("transient", { [setting]: repair.value }, options),
    );
  }
  const left = await now();
  if (left.length > 0) {
    const doing = `putting back ${left.map(({ setting }) => setting).join(", ")}`;
    throw fail("crate_refused", { doing, why: "somebody sets it again" });
  }
}

/** Gives the setting back to dc_util: after it was put back, or its hooks would write it in between. Safe to do twice. */
export async function disownAllocation(context: OperationContext, session: CrateSession): Promise<void> {
  await labelOwner(context, session, null);
}

/** StatefulSets without dc_util are left as they are. */
async function labelOwner(context: OperationContext, session: CrateSession, owner: string | null): Promise<void> {
  for (const set of session.cluster.sets) {
    const isToBe = owner === null ? set.labels[routingOwnerLabel] !== undefined : usesDcUtil(set.preStop);
    if (isToBe) await context.crateClusters.label(set, { [routingOwnerLabel]: owner }, context.signal);
  }
}
