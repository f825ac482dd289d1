import type { CratePrivilege, CrateUser } from "../../ports/crate-servers.ts";

/**
 * Enough for everything here but DECOMMISSION (cratedb.md, “Speaking to it”). With less, CrateDB answers `sys.shards` and
 * `sys.health` with no row and without a word.
 */
const needed = [
  { type: "AL", on: null, text: "AL" },
  { type: "DQL", on: "sys", text: "DQL ON SCHEMA sys" },
  { type: "DML", on: "sys.node_checks", text: "DML ON TABLE sys.node_checks" },
] as const;

/** What the user lacks, and what it is denied, as they stand in a GRANT or a REVOKE. Any DENY at all hides shards. */
export function privilegeGaps(user: CrateUser): { missing: string[]; denied: string[] } {
  if (user.superuser) return { missing: [], denied: [] };
  const granted = user.privileges.filter(({ state }) => state === "GRANT");
  return {
    missing: needed.filter(({ type, on }) => !granted.some((one) => covers(one, type, on))).map(({ text }) => text),
    denied: user.privileges.filter(({ state }) => state === "DENY").map(denyText),
  };
}

/** A privilege on the cluster holds for every schema, one on a schema for its tables. */
function covers({ type, class: kind, ident }: CratePrivilege, wanted: string, on: string | null): boolean {
  if (type !== wanted) return false;
  if (kind === "CLUSTER") return true;
  if (on === null || ident === null) return false;
  return ident === on || (kind === "SCHEMA" && on.startsWith(`${ident}.`));
}

function denyText({ type, class: kind, ident, grantee }: CratePrivilege): string {
  const on = ident === null ? "" : ` ON ${kind} ${ident}`;
  return `${type}${on} FROM "${grantee}"`;
}
