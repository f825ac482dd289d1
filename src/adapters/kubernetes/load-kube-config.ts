import { fail } from "../../domain/errors.ts";
import { PooledKubeConfig } from "./pooled-kube-config.ts";

export interface KubeConfigSource {
  /** Path of a kubeconfig file; without it KUBECONFIG, ~/.kube/config or the service account of the pod. */
  readonly file?: string;
  /** Context in that file; without it the current one. */
  readonly context?: string;
}

/** What client-node assumes when it finds neither a kubeconfig nor a pod's service account. */
const assumedServer = "http://localhost:8080";

/** Throws HandoverError `flag_value` when the file cannot be read or the context is not in it, `kubernetes_away` when there is no cluster to speak to. */
export function loadKubeConfig(source: KubeConfigSource = {}): PooledKubeConfig {
  const config = load(source.file);
  if (source.context !== undefined) useContext(config, source.context);
  const cluster = config.getCurrentCluster();
  if (cluster === null) throw noCluster("the kubeconfig names no current context; --context names one");
  if (source.file === undefined && cluster.server === assumedServer) {
    throw noCluster("there is no kubeconfig, and this is no pod with a service account; --kubeconfig names a file");
  }
  return config;
}

function load(file: string | undefined): PooledKubeConfig {
  const config = new PooledKubeConfig();
  try {
    if (file === undefined) config.loadFromDefault();
    else config.loadFromFile(file);
    return config;
  } catch (cause) {
    const given = file ?? process.env.KUBECONFIG ?? "~/.kube/config";
    const expected = "the path of a kubeconfig file that can be read";
    throw fail("flag_value", { flag: "--kubeconfig", given, expected }, { cause });
  }
}

function useContext(config: PooledKubeConfig, name: string): void {
  const names = config.getContexts().map((context) => context.name);
  if (!names.includes(name)) {
    const expected = `one of the kubeconfig's contexts: ${names.join(", ")}`;
    throw fail("flag_value", { flag: "--context", given: name, expected });
  }
  config.setCurrentContext(name);
}

function noCluster(why: string) {
  return fail("kubernetes_away", { doing: "looking for a cluster", why });
}
