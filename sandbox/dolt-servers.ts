import type { KubeConfig } from "@kubernetes/client-node";
import type { DoltTarget, DoltTargetSpec } from "./handle.ts";
import type { NodeAgent } from "./node-agent/agent.ts";
import type { ContainerRuntime } from "./node-agent/runtime.ts";

/** The node that runs a target's pods, and the API that it and the target are known to. */
export interface DoltNode {
  readonly kubeConfig: KubeConfig;
  readonly agent: NodeAgent;
}

/** One way to have Dolt servers in the pods of a node of this machine. */
export interface DoltServers {
  /** For the node agent, which closes it. */
  readonly runtime: ContainerRuntime;
  /** Creates the target and waits until its servers answer and have replicated once. */
  createTarget(spec: DoltTargetSpec, node: DoltNode): Promise<DoltTarget>;
  /** Frees what the targets hold beside their pods. The node agent must be closed. Safe to call twice. */
  close(): Promise<void>;
}
