import type { DoltAccess } from "../../src/ports/dolt-servers.ts";

/** Nothing set: `root` without a password, by address and without TLS. */
export const plainAccess: DoltAccess = {
  username: "root",
  password: "",
  source: "nowhere",
  connectBy: "ip",
  tls: null,
};
