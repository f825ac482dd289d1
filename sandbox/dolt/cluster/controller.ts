import type { Clock } from "../../../src/ports/clock.ts";
import { serialized } from "../engine/accounts.ts";
import type { DatabaseState } from "../engine/database.ts";
import type { Volume } from "../engine/volume.ts";
import { SqlError } from "../sql/values.ts";
import { type CaughtUpRow, demandCaughtUp } from "./caught-up.ts";
import { CommitHook, type HookStatus } from "./commit-hook.ts";
import type { ClusterConfig, StandbyRemote } from "./config.ts";
import { DroppedDatabase } from "./dropped-database.ts";
import {
  NotAccepted,
  type ReplicationAnswer,
  type ReplicationRequest,
  type ReplicationTransport,
  type Role,
  type Standing,
} from "./messages.ts";
import type { Replica, ServerLife } from "./replica.ts";
import { SnapshotReplica } from "./snapshot-replica.ts";

/** How long a demotion waits for its standbys; hard-coded in Dolt (controller.go, waitForHooksToReplicateTimeout). */
const DEMOTION_WAIT_MS = 10_000;

export interface ControllerOptions {
  readonly config: ClusterConfig;
  readonly volume: Volume;
  readonly clock: Clock;
  readonly life: ServerLife;
  readonly transport: ReplicationTransport;
  /** Cuts every SQL connection but the one named, or all of them when undefined. */
  readonly killConnections: (except: number | undefined) => void;
}

export interface StatusRow extends HookStatus, Standing {
  readonly database: string;
  readonly remote: string;
}

/** The cluster's side of one server: its role and epoch, and what it replicates to whom. After Dolt's controller.go. */
export class ClusterController {
  readonly #options: ControllerOptions;
  readonly #snapshots: readonly SnapshotReplica[];
  readonly #drops = new Map<string, readonly DroppedDatabase[]>();
  #hooks: CommitHook[] = [];
  #standing: Standing;
  #readOnly: boolean;
  #demoting = false;

  constructor(options: ControllerOptions) {
    const { config, volume } = options;
    this.#options = options;
    // A role and an epoch on the disk go before those of the configuration.
    this.#standing = {
      role: asRole(volume.role) ?? config.bootstrapRole,
      epoch: volume.epoch ?? config.bootstrapEpoch,
    };
    this.#readOnly = this.#standing.role !== "primary";
    this.#persist();
    this.#snapshots = [
      ...config.remotes.map((remote) => this.#snapshotReplica("mysql", remote)),
      ...config.remotes.map((remote) => this.#snapshotReplica("dolt_branch_control", remote)),
    ];
  }

  get standing(): Standing {
    return this.#standing;
  }

  /** True on standbys and broken nodes, and on a primary while it is being demoted. */
  get readOnly(): boolean {
    return this.#readOnly;
  }

  start(): void {
    for (const replica of this.#snapshots) void replica.run();
    for (const database of this.#options.volume.databases.keys()) this.#addHooks(database);
  }

  status(): StatusRow[] {
    return this.#hooks.map((hook) => ({
      database: hook.database,
      remote: hook.remote,
      ...this.#standing,
      ...hook.status(),
    }));
  }

  databaseCreated(name: string): void {
    for (const drop of this.#drops.get(name) ?? []) drop.cancel();
    this.#drops.delete(name);
    this.#addHooks(name);
  }

  databaseDropped(name: string): void {
    for (const hook of this.#hooks) if (hook.database === name) hook.drop();
    this.#hooks = this.#hooks.filter((hook) => hook.database !== name);
    if (this.#standing.role !== "primary") return;
    const drops = this.#options.config.remotes.map(
      (remote) => new DroppedDatabase({ ...this.#sending(remote), database: name, url: hostOnly(remote.urlTemplate) }),
    );
    this.#drops.set(name, drops);
    void Promise.all(drops.map((drop) => drop.run())).then(() => {
      if (this.#drops.get(name) === drops) this.#drops.delete(name);
    });
  }

  committed(database: string, state: DatabaseState): void {
    for (const hook of this.#hooks) if (hook.database === database) hook.committed(state);
  }

  accountsChanged(): void {
    this.#snapshotsChanged("mysql");
  }

  branchControlChanged(): void {
    this.#snapshotsChanged("dolt_branch_control");
  }

  /** Waits until every standby has the database. Returns how many do not, and how many there are, when `signal` aborts. */
  async acknowledged(database: string, signal: AbortSignal): Promise<{ missing: number; standbys: number }> {
    const hooks = this.#hooks.filter((hook) => hook.database === database);
    const results = await Promise.all(hooks.map((hook) => hook.acknowledged(signal)));
    return { missing: results.filter((acknowledged) => !acknowledged).length, standbys: hooks.length };
  }

  /** `dolt_assume_cluster_role`. Demotes a primary only when all its standbys are caught up. Returns whether the role changed. */
  async assumeRole(role: string, epoch: number, caller: number): Promise<boolean> {
    if (role === "detected_broken_config") {
      throw new SqlError("cannot set role to detected_broken_config; valid values are 'primary' and 'standby'");
    }
    return (await this.#change(role, epoch, caller, 0)).changed;
  }

  /** `dolt_cluster_transition_to_standby`. `minCaughtUp` 0 demands all standbys. */
  async transitionToStandby(epoch: number, minCaughtUp: number, caller: number): Promise<readonly CaughtUpRow[]> {
    const { changed, rows } = await this.#change("standby", epoch, caller, minCaughtUp);
    if (!changed) throw new SqlError("failed to transition server to standby; it is already standby.");
    return rows;
  }

  /** Takes what another server sent, and what it says about itself. */
  receive(
    from: Standing,
    request: ReplicationRequest,
    apply: (request: ReplicationRequest) => void,
  ): ReplicationAnswer {
    this.#learn(from, "request");
    const refusal = this.#refusal();
    if (refusal !== null) return { standing: this.#standing, refusal };
    try {
      apply(request);
    } catch (error) {
      return { standing: this.#standing, refusal: error instanceof Error ? error.message : String(error) };
    }
    if (request.kind === "push" || request.kind === "heartbeat") {
      for (const hook of this.#hooks) if (hook.database === request.database) hook.received();
    }
    return { standing: this.#standing, refusal: null };
  }

  #refusal(): string | null {
    switch (this.#standing.role) {
      case "primary":
        return "rpc error: code = FailedPrecondition desc = this server is a primary and is not currently accepting replication";
      case "detected_broken_config":
        return "rpc error: code = FailedPrecondition desc = this server is currently in detected_broken_config and is not currently accepting replication";
      case "standby":
        return null;
    }
  }

  /** Dolt's interceptors: two primaries that meet at one epoch are both broken; else the higher epoch wins. */
  #learn(peer: Standing, through: "request" | "answer"): void {
    const { role, epoch } = this.#standing;
    if (through === "request") {
      if (peer.role !== "primary") return;
      if (peer.epoch === epoch && role === "primary") this.#force("detected_broken_config", epoch);
      else if (peer.epoch > epoch) this.#force("standby", peer.epoch);
      return;
    }
    if (role !== "primary") return;
    if (peer.role === "primary" && peer.epoch === epoch) this.#force("detected_broken_config", epoch);
    else if (peer.role === "primary" && peer.epoch > epoch) this.#force("standby", peer.epoch);
    else if (peer.role === "detected_broken_config" && peer.epoch >= epoch)
      this.#force("detected_broken_config", peer.epoch);
  }

  async #send(url: string, request: ReplicationRequest, signal: AbortSignal): Promise<void> {
    const from = this.#standing;
    if (from.role !== "primary")
      throw new NotAccepted(`this server is ${from.role} and is not currently replicating to its standby`);
    const answer = await this.#options.transport.call(url, from, request, signal);
    if (this.#options.life.signal.aborted) return;
    this.#learn(answer.standing, "answer");
    if (answer.refusal !== null) throw new NotAccepted(answer.refusal);
  }

  async #change(
    role: string,
    epoch: number,
    caller: number,
    minCaughtUp: number,
  ): Promise<{ changed: boolean; rows: readonly CaughtUpRow[] }> {
    const before = this.#standing;
    if (role === before.role && epoch === before.epoch) return { changed: false, rows: [] };
    if (role !== "primary" && role !== "standby") {
      throw new SqlError(`error assuming role '${role}'; valid roles are 'primary' and 'standby'`);
    }
    if (epoch < before.epoch) {
      throw new SqlError(`error assuming role '${role}' at epoch ${epoch}; already at epoch ${before.epoch}`);
    }
    if (epoch === before.epoch) {
      throw new SqlError(
        `error assuming role '${role}' at epoch ${epoch}; already at epoch ${before.epoch} with different role, '${before.role}'`,
      );
    }
    if (role === before.role) {
      this.#become({ role, epoch });
      return { changed: false, rows: [] };
    }
    if (role === "primary") {
      this.#readOnly = false;
      this.#options.killConnections(caller);
      this.#become({ role, epoch });
      return { changed: true, rows: [] };
    }
    const rows = await this.#demote(before, epoch, caller, minCaughtUp);
    this.#become({ role, epoch });
    return { changed: true, rows };
  }

  async #demote(before: Standing, epoch: number, caller: number, minCaughtUp: number): Promise<readonly CaughtUpRow[]> {
    this.#readOnly = true;
    this.#options.killConnections(caller);
    try {
      const rows = await this.#waitForStandbys();
      await this.#options.life.thawed();
      demandCaughtUp(rows, minCaughtUp);
      if (this.#standing !== before) {
        throw new SqlError(
          `error assuming role 'standby' at epoch ${epoch}: the role configuration changed while we were replicating to our standbys. Please try again`,
        );
      }
      return rows;
    } catch (error) {
      this.#readOnly = this.#standing.role !== "primary";
      this.#options.killConnections(caller);
      throw error;
    }
  }

  async #waitForStandbys(): Promise<readonly CaughtUpRow[]> {
    if (this.#demoting) {
      throw new SqlError(
        "cluster/controller: failed to transition from primary to standby gracefully; did not gain exclusive access to commithooks.",
      );
    }
    this.#demoting = true;
    const hooks = [...this.#hooks];
    const replicas: readonly Replica[] = [...hooks, ...this.#snapshots, ...[...this.#drops.values()].flat()];
    const deadline = new AbortController();
    const finished = new AbortController();
    const timer = this.#options.clock
      .sleep(DEMOTION_WAIT_MS, AbortSignal.any([finished.signal, this.#options.life.signal]))
      .then(
        () => deadline.abort(),
        () => deadline.abort(),
      );
    try {
      const caughtUp = await Promise.all(replicas.map((replica) => replica.caughtUp(deadline.signal)));
      if (hooks.length !== this.#hooks.length) {
        throw new SqlError(
          "cluster/controller: failed to transition to standby; the set of replicated databases changed during the transition.",
        );
      }
      return replicas.map(({ database, remote, url }, index) => ({
        caughtUp: caughtUp[index] === true,
        database,
        remote,
        url,
      }));
    } finally {
      finished.abort();
      await timer;
      this.#demoting = false;
    }
  }

  /** A role forced by what another server said: at once, without waiting for anybody. */
  #force(role: Role, epoch: number): void {
    if (role !== this.#standing.role) {
      this.#readOnly = true;
      this.#options.killConnections(undefined);
    }
    this.#become({ role, epoch });
  }

  #become(standing: Standing): void {
    const changed = standing.role !== this.#standing.role;
    this.#standing = standing;
    this.#persist();
    if (!changed) return;
    for (const hook of this.#hooks) hook.setRole(standing.role);
    for (const replica of this.#snapshots) replica.setRole(standing.role);
  }

  /** On a full disk the role is not kept, and Dolt drops the error: a restart brings the old role back. */
  #persist(): void {
    const { volume } = this.#options;
    if (volume.full) return;
    volume.role = this.#standing.role;
    volume.epoch = this.#standing.epoch;
  }

  #addHooks(database: string): void {
    const { volume, config, clock, life } = this.#options;
    const stored = volume.databases.get(database);
    if (stored === undefined) return;
    for (const remote of config.remotes) {
      // A remote that the database knows already keeps its URL, whatever the configuration says now.
      const url = stored.remotes.get(remote.name) ?? remote.urlTemplate.replaceAll("{database}", database);
      stored.remotes.set(remote.name, url);
      const hook = new CommitHook({
        ...this.#sending(remote),
        database,
        url,
        role: this.#standing.role,
        clock,
        life,
        current: () => volume.databases.get(database)?.state,
      });
      this.#hooks.push(hook);
      void hook.run();
    }
  }

  #snapshotReplica(database: "mysql" | "dolt_branch_control", remote: StandbyRemote): SnapshotReplica {
    const { volume } = this.#options;
    return new SnapshotReplica({
      ...this.#sending(remote),
      database,
      url: hostOnly(remote.urlTemplate),
      role: this.#standing.role,
      request: () =>
        database === "mysql"
          ? { kind: "accounts", contents: serialized(volume.accounts ?? { users: [], grants: [] }) }
          : { kind: "branchControl", contents: volume.branchControl },
    });
  }

  #sending(remote: StandbyRemote) {
    const { clock, life } = this.#options;
    return {
      remote: remote.name,
      clock,
      life,
      send: (url: string, request: ReplicationRequest, signal: AbortSignal) => this.#send(url, request, signal),
    };
  }

  #snapshotsChanged(database: string): void {
    for (const replica of this.#snapshots) if (replica.database === database) replica.changed();
  }
}

/** The URL of users and branch control has no path: they belong to no database. */
function hostOnly(urlTemplate: string): string {
  return `http://${new URL(urlTemplate.replaceAll("{database}", "")).host}`;
}

function asRole(text: string | undefined): Role | undefined {
  return text === "primary" || text === "standby" || text === "detected_broken_config" ? text : undefined;
}
