import type { AccountName } from "../sql/ast.ts";

export interface Account extends AccountName {
  /** SHA1(SHA1(password)) in hex, empty for no password. */
  readonly verifier: string;
  /** All privileges on everything. */
  readonly superuser: boolean;
  readonly locked: boolean;
  /** Milliseconds since the epoch. What replicates of it is cut to whole seconds. */
  readonly passwordChangedMs: number;
}

export interface Grant extends AccountName {
  readonly database: string;
}

/** Users and grants: what replicates as the pseudo-database `mysql`, whole, at each change. Never changed, only replaced. */
export interface Accounts {
  readonly users: readonly Account[];
  readonly grants: readonly Grant[];
}

/** Dolt's accounts of its own are of the first second of 1970. */
const FIRST_SECOND_MS = 1000;

/** As it arrives on a standby. */
export function serialized(accounts: Accounts): Accounts {
  const users = accounts.users.map((user) => ({
    ...user,
    passwordChangedMs: Math.floor(user.passwordChangedMs / 1000) * 1000,
  }));
  return { ...accounts, users };
}

/**
 * The account by which a server's own local clients log in, with a password of its own for each start. It is never replicated,
 * and goes when a primary's accounts take the place of the server's.
 */
export const LOCAL_USER: AccountName = { user: "__dolt_local_user__", host: "localhost" };

/** What a server that has never run begins with, when `DOLT_ROOT_HOST` and `DOLT_ROOT_PASSWORD` say so. */
export function firstAccounts(rootHost: string, rootVerifier: string): Accounts {
  return {
    users: [
      {
        user: "event_scheduler",
        host: "localhost",
        verifier: "",
        superuser: true,
        locked: true,
        passwordChangedMs: FIRST_SECOND_MS,
      },
      {
        user: "root",
        host: rootHost,
        verifier: rootVerifier,
        superuser: true,
        locked: false,
        passwordChangedMs: FIRST_SECOND_MS,
      },
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
