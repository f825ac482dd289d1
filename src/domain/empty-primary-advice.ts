/**
 * What to type against a primary that came back on an empty or old volume. Deleting its pod would not do: it comes back with
 * the role that its volume keeps by now. An image that does not exist ends the server and lets none start; the kubelet takes
 * the image of a running pod as it is changed (https://kubernetes.io/docs/concepts/workloads/pods/#pod-update-and-replacement).
 */
export function emptyPrimaryAdvice(namespace: string, pod: string): string {
  return [
    `stop ${pod} now, before a client connects: kubectl label pod -n ${namespace} ${pod} dolthub.com/cluster_role- takes it from the Service,`,
    `kubectl set image -n ${namespace} pod/${pod} dolt=stopped ends its server; then promote a standby, or let repair choose one that holds everything, and delete ${pod} afterwards:`,
    `it comes back as a standby. If these were dropped on purpose: look again in a minute, else create and drop them on ${pod} once more`,
  ].join(" ");
}
