import type { DataState } from "../../ports/dolt-servers.ts";

/** In what two servers differ, in words; empty when their states are equal. */
export function differences(one: DataState, other: DataState): string[] {
  const names = [...new Set([...Object.keys(one.databases), ...Object.keys(other.databases)])].sort();
  const found = names.filter((name) => one.databases[name] !== other.databases[name]).map((name) => `database ${name}`);
  if (one.users !== other.users) found.push("users and grants");
  if (one.branchControl !== other.branchControl) found.push("branch control");
  return found;
}
