import { readFileSync } from "node:fs";
import type { DoltLogin } from "../domain/dolt-access.ts";
import { fail } from "../domain/errors.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** Dolt's own default. */
const defaultUsername = "root";

/**
 * The login that the environment names, or mounted files that it names (`DOLT_USERNAME`, `DOLT_PASSWORD`, each also as
 * `…_FILE`); null when it names none. Throws `configuration_invalid`; it names variables, never their values.
 */
export function readDoltLogin(environment: Environment): DoltLogin | null {
  const username = read(environment, "DOLT_USERNAME");
  const password = read(environment, "DOLT_PASSWORD");
  if (username === null && password === null) return null;
  const sources = [username?.source, password?.source].filter((source) => source !== undefined);
  return {
    username: username?.value ?? defaultUsername,
    password: password?.value ?? "",
    source: [...new Set(sources)].join(" and "),
  };
}

/** What somebody typed: a user, a file with the password, or both; what is left out comes from the environment. */
export function typedDoltLogin(
  typed: { readonly username: string | null; readonly passwordFile: string | null },
  environment: Environment,
): DoltLogin | null {
  if (typed.username === null && typed.passwordFile === null) return null;
  const rest = readDoltLogin(environment);
  return {
    username: typed.username ?? rest?.username ?? defaultUsername,
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
