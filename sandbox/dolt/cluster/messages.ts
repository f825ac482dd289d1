import type { Accounts } from "../engine/accounts.ts";
import type { DatabaseState } from "../engine/database.ts";
import type { BranchControl } from "../engine/volume.ts";

export type Role = "primary" | "standby" | "detected_broken_config";

/** What every replication request and every answer says about the server that sends it. */
export interface Standing {
  readonly role: Role;
  readonly epoch: number;
}

export type ReplicationRequest =
  | { readonly kind: "push"; readonly database: string; readonly state: DatabaseState }
  /** A push of nothing new, about once a second, which tells the standby that its primary lives. */
  | { readonly kind: "heartbeat"; readonly database: string }
  | { readonly kind: "accounts"; readonly contents: Accounts }
  | { readonly kind: "branchControl"; readonly contents: BranchControl }
  | { readonly kind: "dropDatabase"; readonly database: string };

export interface ReplicationAnswer {
  readonly standing: Standing;
  /** Why the request was not carried out, or null when it was. */
  readonly refusal: string | null;
}

/** How a primary reaches its standbys. */
export interface ReplicationTransport {
  /**
   * Sends one request to the server behind `url` (scheme, host and port count; the path does not).
   * Throws when the server cannot be reached or does not answer before `signal` aborts.
   */
  call(url: string, from: Standing, request: ReplicationRequest, signal: AbortSignal): Promise<ReplicationAnswer>;
}

/** The other server answered, and refused because of its role or ours. */
export class NotAccepted extends Error {
  override readonly name = "NotAccepted";
}
