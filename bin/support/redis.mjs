import { aptInstall, canUseApt } from "./apt.mjs";
import { findProgram, isExecutable } from "./programs.mjs";

/** Servers that speak Redis, in the order of preference. */
const serverNames = ["redis-server", "valkey-server"];

/** Says what to install, for every place that needs a Redis server and finds none. */
export const redisAdvice =
  "Install redis-server 6.2 or newer (Debian: apt-get install redis-server; Fedora: dnf install valkey; macOS: brew install redis), " +
  "or name the program in HANDOVER_REDIS_SERVER.";

/**
 * The path of a Redis server's program, or null.
 * @param {NodeJS.ProcessEnv} [environment]
 * @returns {string | null}
 */
export function findRedisServer(environment = process.env) {
  const named = environment.HANDOVER_REDIS_SERVER;
  if (named) return isExecutable(named) ? named : null;
  return findProgram(serverNames, environment.PATH);
}

/**
 * As {@link findRedisServer}, installing it from Debian's packages where that can be done.
 * @returns {string}
 * @throws {Error} saying what to install
 */
export function ensureRedisServer() {
  const found = findRedisServer();
  if (found !== null) return found;
  if (process.env.HANDOVER_REDIS_SERVER) {
    throw new Error(`HANDOVER_REDIS_SERVER names ${process.env.HANDOVER_REDIS_SERVER}, which is no program.`);
  }
  if (!canUseApt()) throw new Error(`No Redis server was found. ${redisAdvice}`);
  console.log("Installing redis-server with apt-get …");
  try {
    aptInstall(["redis-server"]);
  } catch (cause) {
    throw new Error(`No Redis server was found, and it could not be installed. ${redisAdvice}`, { cause });
  }
  const path = findRedisServer();
  if (path === null) throw new Error(`apt-get installed redis-server, but it is not on the PATH. ${redisAdvice}`);
  return path;
}
