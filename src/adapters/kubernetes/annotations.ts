/** What Handover reads from, and writes to, objects of the cluster. docs/configuration.md names each for operators. */
export const credentialsAnnotation = "handover.dev/credentials-secret";
/** How the servers are connected to; docs/connecting.md. */
export const connectByAnnotation = "handover.dev/connect-by";
export const tlsAnnotation = "handover.dev/tls";
export const tlsCaAnnotation = "handover.dev/tls-ca";
export const tlsServerNameAnnotation = "handover.dev/tls-server-name";
/** The default runbook; `handover.dev/runbook.OPERATION` is the one of an operation. */
export const runbookAnnotation = "handover.dev/runbook";
/** The same for dashboards. */
export const dashboardAnnotation = "handover.dev/dashboard";
/** On a Lease. */
export const executionAnnotation = "handover.dev/execution";
export const usedGrantsAnnotation = "handover.dev/used-grants";

/** On the Lease `freezes.handover.dev` of a namespace. */
export const freezesAnnotation = "handover.dev/freezes";

export const managedByLabel = "app.kubernetes.io/managed-by";
export const managedByValue = "handover";
