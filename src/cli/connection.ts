import { readFileSync } from "node:fs";
import { serverNamePattern } from "../adapters/kubernetes/access-annotations.ts";
import { certificates, type DoltAccessGiven } from "../adapters/kubernetes/dolt-access.ts";
import { readCrateLogin, readDoltLogin, typedCrateLogin, typedDoltLogin } from "../config/dolt-login.ts";
import type { Environment } from "../config/environment.ts";
import type { DoltAccessSettings } from "../domain/dolt-access.ts";
import { HandoverError, type Problem, problem } from "../domain/errors.ts";

/** What was typed about connecting to the servers, for this one run. */
export interface TypedConnection {
  readonly connectBy: string | null;
  readonly tls: boolean;
  readonly insecure: boolean;
  readonly ca: string | null;
  readonly serverName: string | null;
  readonly username: string | null;
  readonly passwordFile: string | null;
  /** The same as options, for lines to copy. */
  readonly asTyped: Readonly<Record<string, string | true>>;
}

const options = ["connect-by", "tls", "tls-insecure", "tls-ca", "tls-server-name", "username", "password-file"];

export function typedConnection(extras: Readonly<Record<string, string | true>>): TypedConnection {
  const text = (name: string) => {
    const value = extras[name];
    return typeof value === "string" ? value : null;
  };
  return {
    connectBy: text("connect-by"),
    tls: extras.tls === true,
    insecure: extras["tls-insecure"] === true,
    ca: text("tls-ca"),
    serverName: text("tls-server-name"),
    username: text("username"),
    passwordFile: text("password-file"),
    asTyped: Object.fromEntries(Object.entries(extras).filter(([name]) => options.includes(name))),
  };
}

/** What cannot be meant, as doltclusterctl refuses it too. */
export function connectionObjection({ connectBy, tls, insecure, ca, serverName }: TypedConnection): Problem | null {
  if (connectBy !== null && connectBy !== "ip" && connectBy !== "host") {
    return problem("flag_value", { flag: "--connect-by", given: connectBy, expected: "ip or host" });
  }
  if (serverName !== null && !serverNamePattern.test(serverName)) {
    const expected = "a host name, such as orders.shop.svc";
    return problem("flag_value", { flag: "--tls-server-name", given: serverName, expected });
  }
  const checking = [
    ["--tls", tls],
    ["--tls-ca", ca !== null],
    ["--tls-server-name", serverName !== null],
  ] as const;
  const other = checking.find(([, given]) => given)?.[0];
  if (!insecure || other === undefined) return null;
  return problem("flags_exclude", { one: "--tls-insecure", other, why: "it checks no certificate" });
}

/** Throws HandoverError for what the environment contradicts itself in, and for a file that cannot be read or holds no CA. */
export function accessGiven(typed: TypedConnection, environment: Environment): DoltAccessGiven {
  return {
    typed: settingsOf(typed),
    typedLogin: typedDoltLogin(typed, environment),
    fallbackLogin: readDoltLogin(environment),
  };
}

/** The same for CrateDB's nodes: its login comes from variables of its own. */
export function crateAccessGiven(typed: TypedConnection, environment: Environment): DoltAccessGiven {
  return {
    typed: settingsOf(typed),
    typedLogin: typedCrateLogin(typed, environment),
    fallbackLogin: readCrateLogin(environment),
  };
}

function settingsOf({ connectBy, tls, insecure, ca, serverName }: TypedConnection): DoltAccessSettings {
  const mode = insecure ? "insecure" : "required";
  return {
    ...(connectBy === null ? {} : { connectBy: connectBy === "host" ? "host" : "ip" }),
    ...(tls || insecure ? { tls: mode } : {}),
    ...(ca === null ? {} : { tlsCa: { kind: "pem", pem: readCa(ca) } }),
    ...(serverName === null ? {} : { tlsServerName: serverName }),
  };
}

function readCa(file: string): string {
  try {
    return certificates(readFileSync(file, "utf8"), file);
  } catch (cause) {
    const expected = "a file that can be read and holds certificates in PEM form";
    throw new HandoverError(problem("flag_value", { flag: "--tls-ca", given: file, expected }), { cause });
  }
}
