import { z } from "zod";
import type { CratePrivilege } from "../../ports/crate-servers.ts";
import { literal, literals } from "./sql.ts";

export const currentUserStatement = "SELECT current_user";
export const currentUserRowSchema = z.tuple([z.string()]);

/** Roles are there since 5.6; before, users had privileges only. */
export function ownUserStatement(name: string, withRoles: boolean): string {
  return `SELECT superuser${withRoles ? ", granted_roles" : ""} FROM sys.users WHERE name = ${literal(name)}`;
}

const grantedSchema = z
  .array(z.object({ role: z.string() }))
  .nullable()
  .transform((granted) => (granted ?? []).map(({ role }) => role));

export const ownUserRowSchema = z.tuple([z.boolean()], grantedSchema);

export const rolesStatement = "SELECT name, granted_roles FROM sys.roles";
export const roleRowSchema = z.tuple([z.string(), grantedSchema]);

/** Each role that these lead to, once, through any number of steps. */
export function inherited(
  granted: readonly string[],
  roles: ReadonlyMap<string, readonly string[]>,
  seen = new Set<string>(),
): string[] {
  for (const role of granted) {
    if (seen.has(role)) continue;
    seen.add(role);
    inherited(roles.get(role) ?? [], roles, seen);
  }
  return [...seen];
}

export function privilegesStatement(grantees: readonly string[]): string {
  return `SELECT grantee, "state", "type", "class", ident FROM sys.privileges WHERE grantee IN (${literals(grantees)})`;
}

export const privilegeRowSchema = z
  .tuple([
    z.string(),
    z.enum(["GRANT", "DENY"]),
    z.enum(["DQL", "DML", "DDL", "AL"]),
    z.enum(["CLUSTER", "SCHEMA", "TABLE", "VIEW"]),
    z.string().nullable(),
  ])
  .transform(([grantee, state, type, of, ident]): CratePrivilege => ({ grantee, state, type, class: of, ident }));
