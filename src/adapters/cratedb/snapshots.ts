import { z } from "zod";
import type { SnapshotWork } from "../../ports/crate-servers.ts";

/** Its own statement is among what it finds; `snapshotStatement` leaves it out. */
export const jobsStatement = "SELECT stmt, username, started FROM sys.jobs WHERE stmt ILIKE '%SNAPSHOT%'";
export const jobRowSchema = z.tuple([z.string(), z.string().nullable(), z.number()]);

/** The statement without literals and options, when it makes or restores a snapshot; else null. */
export function snapshotStatement(statement: string): string | null {
  const plain = statement
    .replace(/\/\*.*?\*\//gs, " ")
    .replace(/--.*$/gm, " ")
    .replace(/\s+/g, " ")
    .trim();
  const [found] = /^(create|restore) snapshot [^\s()']+( (all|table)\b)?/i.exec(plain) ?? [];
  return found ?? null;
}

export function jobOf([statement, username, startedAtMs]: z.infer<typeof jobRowSchema>): SnapshotWork | null {
  const text = snapshotStatement(statement);
  return text === null ? null : { kind: "statement", text, username: username ?? "", startedAtMs };
}

export const snapshotsStatement = `SELECT "repository", name, started FROM sys.snapshots WHERE state = 'IN_PROGRESS' ORDER BY "repository", name`;

export const snapshotRowSchema = z
  .tuple([z.string(), z.string(), z.number().nullable()])
  .transform(([repository, name, startedAtMs]): SnapshotWork => ({ kind: "snapshot", repository, name, startedAtMs }));

export const restoresStatement = `SELECT "repository", "snapshot" FROM sys.snapshot_restore WHERE state IN ('INIT', 'STARTED')`;

export const restoreRowSchema = z
  .tuple([z.string(), z.string()])
  .transform(([repository, name]): SnapshotWork => ({ kind: "restore", repository, name }));
