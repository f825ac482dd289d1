/** What Handover reads from, and writes to, objects of the cluster. docs/configuration.md names each for operators. */
export const credentialsAnnotation = "handover.dev/credentials-secret";
/** The default runbook; `handover.dev/runbook.OPERATION` is the one of an operation. */
export const runbookAnnotation = "handover.dev/runbook";
/** On a Lease. */
export const executionAnnotation = "handover.dev/execution";
export const usedGrantsAnnotation = "handover.dev/used-grants";

export const managedByLabel = "app.kubernetes.io/managed-by";
export const managedByValue = "handover";
