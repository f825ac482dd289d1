/** What the servers, Kubernetes and their configuration say against one another, or against what Handover stands on. */
export interface Contradiction {
  readonly code: ContradictionCode;
  /** What is, in words. */
  readonly text: string;
  /** The operation that mends it; `by hand` where none of Handover's does, or where it has to come first. */
  readonly mendedBy: "failover" | "promote" | "repair" | "restart" | "relabel" | "scale" | "by hand";
  /** What to do, in words: how that operation mends it, or what a person does. */
  readonly advice: string;
  /** The pods it is about. */
  readonly pods: readonly string[];
  /**
   * - `everything`: no operation may run before it is mended.
   * - `planned`: whatever needs one proven primary is refused; `promote`, `repair` and the like judge for themselves.
   * - `nothing`: it is to be mended, and holds up nothing by itself.
   */
  readonly forbids: "everything" | "planned" | "nothing";
}

export const contradictionCodes = [
  /** Databases, branches or accounts that every standby holds are missing on the primary: its volume may be empty. */
  "primary_lacks",
  "broken_config",
  "two_primaries",
  "no_primary",
  "login_refused",
  /** It is there, and TLS is in the way. */
  "tls_in_the_way",
  /** It does not answer and was not seen ended: it may be a primary. */
  "silent",
  /** The kubelet saw its server ended, and none started since. */
  "stopped",
  /** Somebody is at a higher epoch than the primary. */
  "epochs_apart",
  /** A standby is at a lower epoch than the primary: it has not heard of it. */
  "epoch_behind",
  "label_differs",
  /** A remote of the primary leads to no pod of this target. */
  "standby_missing",
  /** The primary has no remote for a pod of this target. */
  "standby_not_listed",
  "lag_unknown",
  "replication_fails",
  "users_behind",
  "branch_control_behind",
  "standby_lacks",
  /** A standby missed a drop: promoting it would undo that. */
  "standby_holds_more",
  /** A pod that comes back on an empty volume would be a primary at the epoch of now. */
  "bootstrap_primary",
  "remotes_differ",
  "ack_timeout_differs",
  "version_differs",
  "settings_differ",
] as const;
export type ContradictionCode = (typeof contradictionCodes)[number];
