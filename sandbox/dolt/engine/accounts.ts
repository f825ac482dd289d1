import type { AccountName } from "../sql/ast.ts";

export interface Account extends AccountName {
  /** SHA1(SHA1(password)) in hex, empty for no password. */
  readonly verifier: string;
  /** All privileges on everything. */
  readonly superuser: boolean;
  readonly locked: boolean;
}

export interface Grant extends AccountName {
  readonly database: string;
}

/** Users and grants: what replicates as the pseudo-database `mysql`, whole, at each change. Never changed, only replaced. */
export interface Accounts {
  readonly users: readonly Account[];
  readonly grants: readonly Grant[];
}

/** What a server that has never run begins with, when `DOLT_ROOT_HOST` and `DOLT_ROOT_PASSWORD` say so. */
export function firstAccounts(rootHost: string, rootVerifier: string): Accounts {
  return {
    users: [
      { user: "event_scheduler", host: "localhost", verifier: "", superuser: true, locked: true },
      { user: "root", host: rootHost, verifier: rootVerifier, superuser: true, locked: false },
    ],
    grants: [],
  };
}

export const sameAccount = (a: AccountName, b: AccountName) => a.user === b.user && a.host === b.host;

/** The account that a login belongs to, or undefined. An exact host goes before `%`. */
export function findAccount(accounts: Accounts, user: string, clientHost: string): Account | undefined {
  const isLoopback = clientHost === "localhost" || clientHost.startsWith("127.") || clientHost === "::1";
  const matches = (host: string) => host === clientHost || (host === "localhost" && isLoopback);
  const candidates = accounts.users.filter((account) => account.user === user && !account.locked);
  return candidates.find((account) => matches(account.host)) ?? candidates.find((account) => account.host === "%");
}
