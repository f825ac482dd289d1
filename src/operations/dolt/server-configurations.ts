import { HandoverError } from "../../domain/errors.ts";
import type { Seen } from "../../ports/surroundings.ts";
import type { OperationContext } from "../operation.ts";
import type { ServerConfiguration } from "./look.ts";
import { findConfigSource, serverConfigAnnotation } from "./server-config-source.ts";
import { readServerConfiguration } from "./server-configuration.ts";

/** By pod, what its server starts with, as far as that can be found and read; what cannot says why. */
export async function readConfigurations(
  context: OperationContext,
): Promise<Seen<ReadonlyMap<string, ServerConfiguration>>> {
  try {
    return await tryToRead(context);
  } catch (error) {
    if (error instanceof HandoverError) return { seen: false, why: error.problem.what };
    throw error;
  }
}

async function tryToRead(context: OperationContext): Promise<Seen<ReadonlyMap<string, ServerConfiguration>>> {
  const { scaling } = context.workloads;
  const { target, signal } = context;
  const layout = await scaling.layout(target, signal);
  if (layout === null) return { seen: false, why: "the StatefulSet is gone" };
  const found = findConfigSource(layout);
  if ("why" in found) return { seen: false, why: `${found.why}; the annotation ${serverConfigAnnotation} can name it` };
  const { configMap, keyOf } = found.source;
  const read = await scaling.configMap(target.namespace, configMap, signal);
  if (read === null) return { seen: false, why: `there is no ConfigMap ${configMap}` };
  const pods = Array.from(
    { length: layout.replicas },
    (_, index) => `${target.workload}-${layout.firstOrdinal + index}`,
  );
  const configurations = pods.flatMap((pod): [string, ServerConfiguration][] => {
    const configuration = readServerConfiguration(read.data[keyOf(pod)] ?? "");
    return configuration === null ? [] : [[pod, configuration]];
  });
  return { seen: true, value: new Map(configurations) };
}
