import { randomBytes } from "node:crypto";
import { doltObjects } from "./dolt-manifests.ts";
import type { DoltNode } from "./dolt-servers.ts";
import { bringUpDoltTarget } from "./dolt-target.ts";
import type { DoltTargetSpec } from "./handle.ts";

export interface NodeTargetBringUp {
  readonly spec: DoltTargetSpec;
  readonly node: DoltNode;
  /** It exists; see `DoltPlacement`. */
  readonly volumesFolder: string;
  /** See `DoltPlacement`. */
  readonly replicationAddress: (from: string, to: string) => string;
  readonly deadlineMs: number;
}

/** Brings up a target all of whose pods run under a node agent of this machine, with a password of its own. */
export async function bringUpOnNode(bringUp: NodeTargetBringUp): Promise<void> {
  const { spec, node, volumesFolder, replicationAddress, deadlineMs } = bringUp;
  const rootPassword = randomBytes(12).toString("base64url");
  const objects = doltObjects(spec, {
    image: "dolt",
    volumesFolder,
    // Every pod has the same ports on an address of its own; the server itself puts the address in.
    listenAddress: `\${POD_IP}`,
    replicationAddress,
    rootPassword,
  });
  const signal = AbortSignal.timeout(deadlineMs);
  await bringUpDoltTarget({ kubeConfig: node.kubeConfig, spec, objects, rootPassword, signal });
}
