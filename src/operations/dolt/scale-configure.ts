import { fail } from "../../domain/errors.ts";
import type { OperationContext } from "../operation.ts";
import { lookAtDolt } from "./look.ts";
import type { ScaleDetails } from "./scale-details.ts";
import { contentOf, readSituation } from "./scale-situation.ts";
import { readServerConfiguration } from "./server-configuration.ts";
import { unlessAway } from "./unless-away.ts";

const lookAgainAfterMs = 300;
const attempts = 5;

/** Creates the Services by which the new pods are reached, and sees that they lead to them. */
export async function createServices(context: OperationContext, details: ScaleDetails): Promise<string> {
  const { scaling } = context.workloads;
  const { change } = await read(context, details);
  for (const { like, name, podName } of change.services) {
    await scaling.createPodService(like, name, podName, context.signal);
  }
  for (;;) {
    const now = await unlessAway(context.signal, read(context, details));
    if (now?.change.services.length === 0) return `like ${change.services[0]?.like.name ?? "the others"}`;
    await context.clock.sleep(lookAgainAfterMs, context.signal);
  }
}

/**
 * Writes the new configuration, if it is still the one that was approved to be changed, in one patch. Nothing of it takes
 * effect before a server starts.
 */
export async function applyConfiguration(context: OperationContext, details: ScaleDetails): Promise<string> {
  const { change, configMap } = await read(context, details);
  if (contentOf(configMap) !== details.content) {
    throw fail("dolt_scale_config_changed", {
      why: `ConfigMap ${configMap.name} is not what it was when this was planned`,
    });
  }
  const changed = await context.workloads.scaling.changeConfigMap(configMap, change.files, context.signal);
  if (changed === null) {
    throw fail("dolt_scale_config_changed", {
      why: `somebody else wrote ConfigMap ${configMap.name} at the same moment`,
    });
  }
  return `${Object.keys(change.files).join(", ")} of ConfigMap ${configMap.name}`;
}

/** Removes the YAML of pods that are gone. Somebody else's write beside it is no reason not to. */
export async function removeLeftOver(context: OperationContext, details: ScaleDetails): Promise<string> {
  for (let attempt = 1; attempt <= attempts; attempt += 1) {
    const { change, configMap } = await read(context, details);
    const changes = Object.fromEntries(change.leftOver.map((key) => [key, null]));
    const changed = await context.workloads.scaling.changeConfigMap(configMap, changes, context.signal);
    if (changed !== null) return change.leftOver.join(", ");
    await context.clock.sleep(lookAgainAfterMs, context.signal);
  }
  throw fail("dolt_scale_config_changed", { why: "the ConfigMap was written by others again and again" });
}

/**
 * Throws unless the configuration is what it has to be, and tells each new pod that it is a standby: without that, a pod on
 * an empty volume starts as a primary and breaks the whole cluster (dolt.md, “Seen on real servers”).
 */
export async function assertReadyForNewPods(context: OperationContext, details: ScaleDetails): Promise<void> {
  const { change, configMap, source } = await read(context, details);
  const unset = Object.keys(change.files);
  if (unset.length > 0) {
    throw fail("dolt_scale_config_changed", { why: `${unset.join(", ")} was changed back by somebody else` });
  }
  const unsafe = details.joining.filter((pod) => {
    const configuration = readServerConfiguration(configMap.data[source.keyOf(pod)] ?? "");
    return configuration?.bootstrapRole !== "standby";
  });
  if (unsafe.length === 0) return;
  throw fail("dolt_scale_config_changed", {
    why: `the YAML of ${unsafe.join(", ")} does not say bootstrap_role: standby`,
  });
}

async function read(context: OperationContext, { to, leaving }: ScaleDetails) {
  const view = await lookAtDolt(context);
  const { change, configMap, source } = await readSituation(context, view, to, leaving);
  if ("why" in change) throw fail("dolt_scale_config_changed", { why: change.why });
  if (configMap === null || source === null) throw fail("dolt_scale_config_changed", { why: "it is gone" });
  return { change, configMap, source };
}
