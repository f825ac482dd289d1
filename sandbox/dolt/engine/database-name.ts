import { DEFAULT_BRANCH } from "./database.ts";

/** Takes `db/branch` apart; a name without a branch means the default one. A branch may hold further slashes. */
export function splitDatabase(name: string): { database: string; branch: string } {
  const at = name.indexOf("/");
  return at === -1
    ? { database: name, branch: DEFAULT_BRANCH }
    : { database: name.slice(0, at), branch: name.slice(at + 1) };
}
