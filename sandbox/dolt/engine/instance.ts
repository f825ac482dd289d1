import { randomUUID } from "node:crypto";
import type { Clock } from "../../../src/ports/clock.ts";
import type { ClusterController } from "../cluster/controller.ts";
import type { ReplicationRequest } from "../cluster/messages.ts";
import { passwordVerifier } from "../protocol/handshake.ts";
import { SqlError } from "../sql/values.ts";
import { type Account, type Accounts, LOCAL_USER } from "./accounts.ts";
import { type DatabaseState, newDatabase } from "./database.ts";
import type { BranchControl, Volume } from "./volume.ts";

/** What SHOW PROCESSLIST and KILL see of a connection. */
export interface ConnectionInfo {
  readonly id: number;
  readonly user: string;
  readonly host: string;
  readonly database: string | undefined;
  /** The statement that runs, or null when the connection waits. */
  readonly running: string | null;
  close(): void;
}

/** Longest that a commit may be made to wait for its standbys (`dolt_cluster_ack_writes_timeout_secs`). */
const MAX_ACK_TIMEOUT_SECS = 60;

/** What the sessions of one running server share: its disk, its place in the cluster, its global variables. */
export class Instance {
  readonly volume: Volume;
  readonly clock: Clock;
  readonly controller: ClusterController | undefined;
  /** Backups by their URL; shared with other servers. */
  readonly backups: Map<string, DatabaseState>;
  readonly connections = new Map<number, ConnectionInfo>();
  /** Not kept over a restart, and not replicated. */
  ackTimeoutSecs = 0;
  /** Ends the server: Dolt does not live through a write that its disk does not take. */
  readonly #diskFull: () => void;
  readonly #localUser: Account;
  #hasLocalUser = true;

  constructor(
    volume: Volume,
    clock: Clock,
    controller: ClusterController | undefined,
    backups: Map<string, DatabaseState>,
    diskFull: () => void,
  ) {
    this.volume = volume;
    this.clock = clock;
    this.controller = controller;
    this.backups = backups;
    this.#diskFull = diskFull;
    const verifier = passwordVerifier(randomUUID());
    this.#localUser = { ...LOCAL_USER, verifier, superuser: true, locked: false, passwordChangedMs: 1000 };
  }

  /** The accounts as `mysql.user` shows them: with the server's own, as long as it has it. */
  get shownAccounts(): Accounts {
    const { users, grants } = this.volume.accounts ?? { users: [], grants: [] };
    return { users: this.#hasLocalUser ? [...users, this.#localUser] : users, grants };
  }

  get readOnly(): boolean {
    return this.controller?.readOnly ?? false;
  }

  state(database: string): DatabaseState {
    const stored = this.volume.databases.get(database);
    if (stored === undefined) throw new SqlError(`database not found: ${database}`, 1049, "HY000");
    return stored.state;
  }

  setAckTimeout(seconds: number): void {
    if (!Number.isInteger(seconds) || seconds < 0 || seconds > MAX_ACK_TIMEOUT_SECS) {
      throw new SqlError(`Variable 'dolt_cluster_ack_writes_timeout_secs' can't be set to the value of '${seconds}'`);
    }
    this.ackTimeoutSecs = seconds;
  }

  createDatabase(name: string): void {
    const now = this.clock.nowMs();
    this.addDatabase(name, newDatabase(`${this.volume.serverUuid} ${name} ${now}`, now));
  }

  addDatabase(name: string, state: DatabaseState): void {
    this.#demandSpace();
    this.volume.databases.set(name, { state, remotes: new Map() });
    this.controller?.databaseCreated(name);
  }

  /**
   * As `dolt_backup('restore', …)` leaves it: replication has seen it empty, and hears of its contents with the next write
   * only (seen on Dolt 2.2.3).
   */
  restoreDatabase(name: string, state: DatabaseState): void {
    this.createDatabase(name);
    const stored = this.volume.databases.get(name);
    if (stored !== undefined) stored.state = state;
  }

  dropDatabase(name: string): void {
    this.#demandSpace();
    this.volume.databases.delete(name);
    this.controller?.databaseDropped(name);
  }

  /** Makes a new state of a database durable and hands it to replication. */
  store(name: string, state: DatabaseState): void {
    this.#demandSpace();
    const stored = this.volume.databases.get(name);
    if (stored === undefined) throw new SqlError(`database not found: ${name}`, 1049, "HY000");
    stored.state = state;
    this.controller?.committed(name, state);
  }

  storeAccounts(accounts: Accounts): void {
    this.#demandSpace();
    this.volume.accounts = accounts;
    this.controller?.accountsChanged();
  }

  storeBranchControl(contents: BranchControl): void {
    this.#demandSpace();
    this.volume.branchControl = contents;
    this.controller?.branchControlChanged();
  }

  /** Carries out what a primary sent. A database that this standby does not know is made. */
  apply(request: ReplicationRequest): void {
    if (request.kind === "heartbeat") return;
    this.#demandSpace();
    switch (request.kind) {
      case "push": {
        const stored = this.volume.databases.get(request.database);
        if (stored !== undefined) {
          stored.state = request.state;
          return;
        }
        this.volume.databases.set(request.database, { state: request.state, remotes: new Map() });
        this.controller?.databaseCreated(request.database);
        return;
      }
      case "accounts":
        this.volume.accounts = request.contents;
        this.#hasLocalUser = false;
        this.controller?.accountsChanged();
        return;
      case "branchControl":
        this.volume.branchControl = request.contents;
        this.controller?.branchControlChanged();
        return;
      case "dropDatabase":
        if (this.volume.databases.delete(request.database)) this.controller?.databaseDropped(request.database);
        return;
    }
  }

  #demandSpace(): void {
    if (!this.volume.full) return;
    this.#diskFull();
    throw new SqlError("no space left on device");
  }
}
