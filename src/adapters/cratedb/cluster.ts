import type { z } from "zod";
import {
  type CrateAccess,
  type CrateAddress,
  type CrateAllocation,
  type CrateCallOptions,
  type CrateCluster,
  CrateError,
  type CrateNode,
  type CrateShard,
  type CrateState,
  type CrateTable,
  type CrateUser,
  type NodeAnswer,
  type NodeCheck,
  type SettingLevel,
  type SnapshotWork,
  type TableHealth,
} from "../../ports/crate-servers.ts";
import type { SettingValue } from "../../ports/crate-settings.ts";
import type { CrateResult } from "./answer.ts";
import { AnyNode } from "./any-node.ts";
import { nodeCheckRowSchema, nodeChecksStatement, nodeRowSchema, nodesStatement } from "./nodes.ts";
import { rowsOf } from "./rows.ts";
import { stateRowSchema, stateStatement } from "./settings.ts";
import {
  allocationRowSchema,
  allocationsStatement,
  healthRowSchema,
  healthStatement,
  shardRowSchema,
  shardsStatement,
} from "./shards.ts";
import {
  jobOf,
  jobRowSchema,
  jobsStatement,
  restoreRowSchema,
  restoresStatement,
  snapshotRowSchema,
  snapshotsStatement,
} from "./snapshots.ts";
import { identifier, literal, literals } from "./sql.ts";
import { partitionRowSchema, partitionsStatement, tableRowSchema, tablesStatement } from "./tables.ts";
import {
  currentUserRowSchema,
  currentUserStatement,
  inherited,
  ownUserRowSchema,
  ownUserStatement,
  privilegeRowSchema,
  privilegesStatement,
  roleRowSchema,
  rolesStatement,
} from "./user.ts";

/** CrateDB's numbers for a column and for a table that this version does not have. */
const columnUnknown = 4043;
const relationUnknown = 4041;

/** Names of settings: nothing else is written into a statement by its name. */
const settingPattern = /^[a-z][a-z0-9_]*(\.[A-Za-z0-9_-]+)+$/;

/** One cluster, whichever of its nodes answers. */
export class HttpCrateCluster implements CrateCluster {
  readonly #any: AnyNode;

  constructor(addresses: readonly CrateAddress[], access: CrateAccess) {
    this.#any = new AnyNode(addresses, access);
  }

  nodes(options: CrateCallOptions): Promise<CrateNode[]> {
    return this.#withOrWithout(columnUnknown, (withRoles) =>
      this.#rows(nodesStatement(withRoles), nodeRowSchema, "sys.nodes", options),
    );
  }

  /** A node that was cut off from the others knows no master while they have one: they are asked too. */
  async state(options: CrateCallOptions): Promise<CrateState> {
    const result = await this.#any.ask(stateStatement, options, hasMaster);
    return single(rowsOf(result, stateRowSchema, "sys.cluster"), "sys.cluster");
  }

  health(options: CrateCallOptions): Promise<TableHealth[]> {
    return this.#rows(healthStatement, healthRowSchema, "sys.health", options);
  }

  shards(options: CrateCallOptions): Promise<CrateShard[]> {
    return this.#rows(shardsStatement, shardRowSchema, "sys.shards", options);
  }

  async tables(options: CrateCallOptions): Promise<CrateTable[]> {
    const [tables, partitions] = await Promise.all([
      this.#rows(tablesStatement, tableRowSchema, "information_schema.tables", options),
      this.#rows(partitionsStatement, partitionRowSchema, "information_schema.table_partitions", options),
    ]);
    return [...tables, ...partitions];
  }

  async allocations({
    onNodes = null,
    ...options
  }: CrateCallOptions & { readonly onNodes?: readonly string[] | null }): Promise<CrateAllocation[]> {
    if (onNodes?.length === 0) return [];
    return this.#rows(allocationsStatement(onNodes), allocationRowSchema, "sys.allocations", options);
  }

  nodeChecks(options: CrateCallOptions): Promise<NodeCheck[]> {
    return this.#rows(nodeChecksStatement, nodeCheckRowSchema, "sys.node_checks", options);
  }

  async acknowledgeChecks(ids: readonly number[], options: CrateCallOptions): Promise<void> {
    if (ids.length === 0) return;
    const statement = `UPDATE sys.node_checks SET acknowledged = TRUE WHERE id IN (${literals(ids)})`;
    await this.#any.change(statement, options);
  }

  async snapshotWork(options: CrateCallOptions): Promise<SnapshotWork[]> {
    const [jobs, snapshots, restores] = await Promise.all([
      this.#rows(jobsStatement, jobRowSchema, "sys.jobs", options),
      this.#rows(snapshotsStatement, snapshotRowSchema, "sys.snapshots", options),
      this.#rows(restoresStatement, restoreRowSchema, "sys.snapshot_restore", options),
    ]);
    return [...jobs.flatMap((job) => jobOf(job) ?? []), ...snapshots, ...restores];
  }

  async user(options: CrateCallOptions): Promise<CrateUser> {
    const [name] = single(
      await this.#rows(currentUserStatement, currentUserRowSchema, "current_user", options),
      "current_user",
    );
    const [[superuser, granted = []], roles] = await Promise.all([
      this.#withOrWithout(columnUnknown, async (withRoles) =>
        single(
          await this.#rows(ownUserStatement(name, withRoles), ownUserRowSchema, "sys.users", options),
          `user ${name} in sys.users`,
        ),
      ),
      this.#withOrWithout(relationUnknown, async (withRoles) =>
        withRoles ? await this.#rows(rolesStatement, roleRowSchema, "sys.roles", options) : [],
      ),
    ]);
    const all = inherited(granted, new Map(roles));
    const statement = privilegesStatement([name, ...all]);
    const privileges = await this.#rows(statement, privilegeRowSchema, "sys.privileges", options);
    return { name, superuser, roles: all, privileges };
  }

  async setGlobal(
    level: SettingLevel,
    settings: Readonly<Record<string, SettingValue>>,
    options: CrateCallOptions,
  ): Promise<void> {
    const assignments = Object.entries(settings).map(([name, value]) => `${settingName(name)} = ${literal(value)}`);
    if (assignments.length === 0) return;
    await this.#any.change(`SET GLOBAL ${level.toUpperCase()} ${assignments.join(", ")}`, options);
  }

  async resetGlobal(settings: readonly string[], options: CrateCallOptions): Promise<void> {
    if (settings.length === 0) return;
    await this.#any.change(`RESET GLOBAL ${settings.map(settingName).join(", ")}`, options);
  }

  async decommission(nodeName: string, options: CrateCallOptions): Promise<void> {
    await this.#any.change(`ALTER CLUSTER DECOMMISSION ${literal(nodeName)}`, options);
  }

  reachable(options: CrateCallOptions): Promise<NodeAnswer[]> {
    return this.#any.each(currentUserStatement, options);
  }

  useAddresses(addresses: readonly CrateAddress[]): void {
    this.#any.useAddresses(addresses);
  }

  close(): Promise<void> {
    return this.#any.close();
  }

  async #rows<Row extends z.ZodType>(
    statement: string,
    row: Row,
    of: string,
    options: CrateCallOptions,
  ): Promise<z.infer<Row>[]> {
    return rowsOf(await this.#any.ask(statement, options), row, of);
  }

  /** Asks for what newer versions have, and without it when this one says that it does not. */
  async #withOrWithout<T>(missing: number, ask: (withIt: boolean) => Promise<T>): Promise<T> {
    try {
      return await ask(true);
    } catch (error) {
      if (!(error instanceof CrateError) || error.code !== missing) throw error;
      return await ask(false);
    }
  }
}

function hasMaster({ rows }: CrateResult): boolean {
  return rows.some((row) => row[1] !== null);
}

function single<Row>(rows: readonly Row[], of: string): Row {
  const [row] = rows;
  if (row === undefined) throw new CrateError("unknown", `${of} has no row`);
  return row;
}

function settingName(name: string): string {
  if (!settingPattern.test(name)) throw new CrateError("refused", `${name} is not the name of a setting`);
  return identifier(name);
}
