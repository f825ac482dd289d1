import { HandoverError, problem } from "../../domain/errors.ts";
import { PooledKubeConfig } from "./pooled-kube-config.ts";

export interface KubeConfigSource {
  /** Path of a kubeconfig file; without it KUBECONFIG, ~/.kube/config or the service account of the pod. */
  readonly file?: string;
  /** Context in that file; without it the current one. */
  readonly context?: string;
}

/** Throws HandoverError `flag_value` when the file cannot be read or the context is not in it, `kubernetes_away` when there is nothing to load. */
export function loadKubeConfig(source: KubeConfigSource = {}): PooledKubeConfig {
  const config = new PooledKubeConfig();
  try {
    if (source.file === undefined) config.loadFromDefault();
    else config.loadFromFile(source.file);
  } catch (error) {
    throw new HandoverError(
      problem("flag_value", {
        flag: "--kubeconfig",
        given: source.file ?? process.env.KUBECONFIG ?? "~/.kube/config",
        expected: "the path of a kubeconfig file that can be read",
      }),
      { cause: error },
    );
  }
  if (source.context !== undefined) useContext(config, source.context);
  if (config.getCurrentCluster() === null) {
    throw new HandoverError(
      problem("kubernetes_away", { doing: "looking for a cluster", why: "the kubeconfig names no current context" }),
    );
  }
  return config;
}

function useContext(config: PooledKubeConfig, name: string): void {
  const names = config.getContexts().map((context) => context.name);
  if (!names.includes(name)) {
    throw new HandoverError(
      problem("flag_value", {
        flag: "--context",
        given: name,
        expected: `one of the kubeconfig's contexts: ${names.join(", ")}`,
      }),
    );
  }
  config.setCurrentContext(name);
}
