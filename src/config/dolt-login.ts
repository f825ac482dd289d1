import { readFileSync } from "node:fs";
import type { DoltLogin } from "../domain/dolt-access.ts";
import { fail } from "../domain/errors.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** Whose servers a login is for: how its variables begin, and the user where none is named, each engine's own default. */
interface LoginOf {
  readonly prefix: "DOLT" | "CRATE";
  readonly username: string;
}

const dolt: LoginOf = { prefix: "DOLT", username: "root" };
const crate: LoginOf = { prefix: "CRATE", username: "crate" };

/**
 * The login that the environment names, or mounted files that it names (`DOLT_USERNAME`, `DOLT_PASSWORD`, each also as
 * `…_FILE`); null when it names none. Throws `configuration_invalid`; it names variables, never their values.
 */
export function readDoltLogin(environment: Environment): DoltLogin | null {
  return readLogin(environment, dolt);
}

/** The same of CrateDB: `CRATE_USERNAME`, `CRATE_PASSWORD`. */
export function readCrateLogin(environment: Environment): DoltLogin | null {
  return readLogin(environment, crate);
}

function readLogin(environment: Environment, of: LoginOf): DoltLogin | null {
  const username = read(environment, `${of.prefix}_USERNAME`);
  const password = read(environment, `${of.prefix}_PASSWORD`);
  if (username === null && password === null) return null;
  const sources = [username?.source, password?.source].filter((source) => source !== undefined);
  return {
    username: username?.value ?? of.username,
    password: password?.value ?? "",
    source: [...new Set(sources)].join(" and "),
  };
}

interface TypedLogin {
  readonly username: string | null;
  readonly passwordFile: string | null;
}

/** What somebody typed: a user, a file with the password, or both; what is left out comes from the environment. */
export function typedDoltLogin(typed: TypedLogin, environment: Environment): DoltLogin | null {
  return typedLogin(typed, environment, dolt);
}

export function typedCrateLogin(typed: TypedLogin, environment: Environment): DoltLogin | null {
  return typedLogin(typed, environment, crate);
}

function typedLogin(typed: TypedLogin, environment: Environment, of: LoginOf): DoltLogin | null {
  if (typed.username === null && typed.passwordFile === null) return null;
  const rest = readLogin(environment, of);
  return {
    username: typed.username ?? rest?.username ?? of.username,
    password: typed.passwordFile === null ? (rest?.password ?? "") : readSecret(typed.passwordFile, "--password-file"),
    source: "the command line",
  };
}

function read(environment: Environment, name: string): { value: string; source: string } | null {
  const variable = environment[name] || null;
  const file = environment[`${name}_FILE`] || null;
  if (variable !== null && file !== null) throw invalid(`${name} and ${name}_FILE are both set; one of them has to go`);
  if (file !== null) return { value: readSecret(file, `${name}_FILE`), source: `${name}_FILE` };
  return variable === null ? null : { value: variable, source: name };
}

/** Without the newline that editors put behind it. */
function readSecret(file: string, named: string): string {
  try {
    return readFileSync(file, "utf8").replace(/\r?\n$/, "");
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "unreadable";
    throw invalid(`${named} names a file that cannot be read (${code})`);
  }
}

function invalid(issue: string) {
  return fail("configuration_invalid", { file: "The environment", issues: [issue] });
}
