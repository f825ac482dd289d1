import type { DoltLogin } from "../domain/dolt-access.ts";
import type { DoltBackups } from "./dolt-backups.ts";
import type { DoltEvidence } from "./dolt-evidence.ts";

/**
 * Dolt servers as far as operations need them. A connection is one authenticated session; what a call throws is a
 * DoltError, whose `outcome` says whether the server is known to have done nothing.
 */
export interface DoltServers {
  /** Opens and authenticates a session. */
  connect(address: DoltAddress, options: { deadlineMs: number; signal: AbortSignal }): Promise<DoltSession>;
}

export interface DoltAddress {
  readonly host: string;
  readonly port: number;
  readonly username: string;
  readonly password: string;
  /** Null or absent: no TLS. */
  readonly tls?: DoltTls | null;
}

/**
 * TLS to one server. `insecure` encrypts and checks nothing, so whoever sits between can be the server. `verified` wants a
 * chain to `ca` (certificates as PEM; null: what this machine trusts), for one of `names`: host names or addresses that all
 * mean this very server.
 */
export type DoltTls =
  | { readonly mode: "insecure" }
  | { readonly mode: "verified"; readonly ca: string | null; readonly names: readonly [string, ...string[]] };

/**
 * Why a connection failed over TLS, of all that can be wrong with it; the server itself is there.
 * - `untrusted`: no chain to a CA that is trusted. `expired`: out of its time. `name`: it is for other names.
 * - `unsupported`: the server offers no TLS. `required`: it demands TLS, and none was used.
 * - `failed`: something else about the handshake.
 */
export type TlsTrouble = "untrusted" | "expired" | "name" | "unsupported" | "required" | "failed";

/** What is needed to be let in by the servers of a target, and from where it comes. */
export interface DoltAccess extends DoltLogin {
  /** Whether to dial the pod's address or its stable host name. */
  readonly connectBy: "ip" | "host";
  readonly tls:
    | { readonly mode: "insecure" }
    /** `serverName` null: the pod's own names and address. */
    | { readonly mode: "verified"; readonly ca: string | null; readonly serverName: string | null }
    | null;
}

export type DoltRole = "primary" | "standby" | "detected_broken_config";

export interface DoltIdentity {
  readonly role: DoltRole;
  readonly epoch: number;
  readonly readOnly: boolean;
  readonly version: string;
}

/** A row of `dolt_cluster.dolt_cluster_status`. */
export interface ReplicationRow {
  readonly database: string;
  /** Name of the standby remote, as in the server's configuration. */
  readonly remote: string;
  readonly role: DoltRole;
  readonly epoch: number;
  /** Null on standbys, and on a primary until its first push since start or promotion. */
  readonly lagMs: number | null;
  /** The server's own clock; null when it never replicated. */
  readonly lastUpdateMs: number | null;
  readonly error: string | null;
  /** Where the remote leads, as `dolt_remotes` of that database has it; null when it is not stored there. */
  readonly remoteUrl: string | null;
}

/** A row of a demotion: whether one standby holds all of one database. Users and branch control come as databases `mysql` and `dolt_branch_control`. */
export interface CaughtUpRow {
  readonly caughtUp: boolean;
  readonly database: string;
  readonly remote: string;
  readonly remoteUrl: string;
}

/** Everything that has to be equal for two servers to hold the same data; equal texts mean equal states (dolt.md, “Equal states”). */
export interface DataState {
  /** By database: a text over branches, heads, tags and the WORKING and STAGED hash of every branch. */
  readonly databases: Readonly<Record<string, string>>;
  /** Texts over the rows of the tables of `mysql` and of branch control. */
  readonly users: string;
  readonly branchControl: string;
}

/** What a server holds by name, how it is set, and what time it has: what contradictions between servers are found by. */
export interface ServerDetails {
  /** By user database, the names of its branches. */
  readonly branches: Readonly<Record<string, readonly string[]>>;
  /** `user@host` of each account that replicates. */
  readonly accounts: readonly string[];
  /** Global variables that clients notice after a switch, by name; those that the server does not know are missing. */
  readonly settings: Readonly<Record<string, string>>;
  /** The server's own clock, on the scale of `ReplicationRow.lastUpdateMs`: only differences mean something. */
  readonly clockMs: number;
}

export interface DoltSession {
  /** Its history and rows, to compare two sides that parted. */
  readonly evidence: DoltEvidence;
  /** Copies of whole databases, and what is needed around them. */
  readonly backups: DoltBackups;
  identity(options: CallOptions): Promise<DoltIdentity>;
  /** Names of user databases: no system ones. */
  databases(options: CallOptions): Promise<string[]>;
  replication(options: CallOptions): Promise<ReplicationRow[]>;
  /** Rows of users and branch control only: cheap, and enough before a demotion. */
  privileges(options: CallOptions): Promise<Pick<DataState, "users" | "branchControl">>;
  /** Names, settings and the clock; one question a database. */
  details(options: CallOptions): Promise<ServerDetails>;
  /** Reads through every branch; costs a connection a branch. Only meaningful while nothing writes. */
  dataState(options: CallOptions): Promise<DataState>;
  assumeRole(role: "primary" | "standby", epoch: number, options: CallOptions): Promise<void>;
  /** `CALL dolt_cluster_transition_to_standby`. The session is spent afterwards. `minCaughtUp` 0 means all. */
  transitionToStandby(epoch: number, minCaughtUp: number, options: CallOptions): Promise<CaughtUpRow[]>;
  /** Closes at once, without waiting for the server. Safe to call twice. */
  close(): void;
}

export interface CallOptions {
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
}

/**
 * - `login`: the server answered and refused the credentials.
 * - `refused`: the server answered with an error and did not do what was asked.
 * - `unreachable`: no connection could be made; nothing was asked.
 * - `unknown`: asked, and no answer came; whether it was done, or will be, is not known.
 */
export class DoltError extends Error {
  override readonly name = "DoltError";
  readonly outcome: "login" | "refused" | "unreachable" | "unknown";
  /** Of an `unreachable` server that is there, and only TLS is in the way: what of it. */
  readonly tls: TlsTrouble | null;

  constructor(
    outcome: "login" | "refused" | "unreachable" | "unknown",
    message: string,
    options?: { cause?: unknown; tls?: TlsTrouble },
  ) {
    super(message, options);
    this.outcome = outcome;
    this.tls = options?.tls ?? null;
  }
}
