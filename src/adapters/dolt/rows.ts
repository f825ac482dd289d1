import { z } from "zod";
import type { CaughtUpRow, DoltIdentity, ReplicationRow } from "../../ports/dolt-servers.ts";

/** The shapes in which a server answers, as mysql2 types them (seen on Dolt 2.2.3). */

const roleSchema = z.enum(["primary", "standby", "detected_broken_config"]);
/** TINYINT(1) and boolean variables arrive as numbers. */
const flagSchema = z.union([z.literal(0), z.literal(1)]).transform((flag) => flag === 1);

export const identityRowSchema = z
  .object({ role: roleSchema, epoch: z.int().min(0), read_only: flagSchema, version: z.string() })
  .transform(
    (row): DoltIdentity => ({ role: row.role, epoch: row.epoch, readOnly: row.read_only, version: row.version }),
  );

export const databaseRowSchema = z.object({ Database: z.string() }).transform((row) => row.Database);

export const replicationRowSchema = z
  .object({
    database: z.string(),
    standby_remote: z.string(),
    role: roleSchema,
    epoch: z.int().min(0),
    replication_lag_millis: z.number().nullable(),
    last_update: z.date().nullable(),
    current_error: z.string().nullable(),
  })
  .transform(
    (row): Omit<ReplicationRow, "remoteUrl"> => ({
      database: row.database,
      remote: row.standby_remote,
      role: row.role,
      epoch: row.epoch,
      lagMs: row.replication_lag_millis,
      lastUpdateMs: row.last_update?.getTime() ?? null,
      error: row.current_error,
    }),
  );

export const caughtUpRowSchema = z
  .object({ caught_up: flagSchema, database: z.string(), remote: z.string(), remote_url: z.string() })
  .transform(
    (row): CaughtUpRow => ({
      caughtUp: row.caught_up,
      database: row.database,
      remote: row.remote,
      remoteUrl: row.remote_url,
    }),
  );

/** The one row of `dolt_assume_cluster_role`: any status but 0 would be an outcome that Dolt does not document. */
export const statusRowSchema = z.object({ status: z.literal(0) });

/** Of `dolt_remotes`. */
export const remoteRowSchema = z.object({ name: z.string(), url: z.string() });

export const branchRowSchema = z.object({ name: z.string() });
export const rootsRowSchema = z.object({ working: z.string(), staged: z.string() });

export const accountRowSchema = z
  .object({ User: z.string(), Host: z.string() })
  .transform(({ User, Host }) => ({ user: User, host: Host }));

/** Of `SHOW VARIABLES`. */
export const variableRowSchema = z.object({ Variable_name: z.string(), Value: z.unknown() });

export const clockRowSchema = z.object({ server_clock: z.date() }).transform((row) => row.server_clock.getTime());

/** A row of which every column counts and none is known by name here. */
export const anyRowSchema = z.record(z.string(), z.unknown());
