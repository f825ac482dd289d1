/** A Service as far as a host name or an address leads through it to one pod. */
export interface ServiceView {
  readonly name: string;
  /** Empty for a headless one. */
  readonly clusterIps: readonly string[];
  /** The one pod it selects by the label that the StatefulSet's controller sets on each pod; null: it selects otherwise. */
  readonly podName: string | null;
}

/** Label of each pod of a StatefulSet, by which a Service can lead to that one pod. */
export const podNameLabel = "statefulset.kubernetes.io/pod-name";

/**
 * Every host that leads to this pod and to no other, as the cluster's DNS would say: its address, its name under the headless
 * Service, the names and addresses of the Services that select it alone. Names stand without the cluster's domain.
 */
export function hostsOfPod(
  pod: { readonly name: string; readonly ip: string | null },
  workload: { readonly namespace: string; readonly serviceName: string | null },
  services: readonly ServiceView[],
): string[] {
  const { namespace, serviceName } = workload;
  const own = services.filter((service) => service.podName === pod.name);
  return [
    ...(pod.ip === null ? [] : [pod.ip]),
    ...(serviceName === null ? [] : namesInNamespace(`${pod.name}.${serviceName}`, namespace)),
    ...own.flatMap((service) => [...namesInNamespace(service.name, namespace), ...service.clusterIps]),
  ];
}

/** A URL's host as `hostsOfPod` writes it: without brackets, a closing dot, or the cluster's domain behind `.svc`. */
export function comparableHost(host: string): string {
  const plain = host
    .toLowerCase()
    .replace(/^\[(.*)\]$/, "$1")
    .replace(/\.$/, "");
  return plain.replace(/^([^.]+(?:\.[^.]+){1,2}\.svc)\..+$/, "$1");
}

function namesInNamespace(name: string, namespace: string): string[] {
  return [name, `${name}.${namespace}`, `${name}.${namespace}.svc`];
}
