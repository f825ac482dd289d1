import { diagnosePod } from "../diagnosis.ts";
import type { OperationContext } from "../operation.ts";
import type { DoltView } from "./look.ts";

/** What there is to say of a pod that is not back; nothing while the Kubernetes API is away. */
export async function diagnose(context: OperationContext, name: string, view: DoltView | null): Promise<string[]> {
  if (view === null) return [];
  const pod = view.nodes.find((node) => node.name === name)?.pod ?? null;
  return await diagnosePod(context, { namespace: context.target.namespace, name, view: pod }, view.workload.uid);
}
