import type { CrateAccess, CrateAddress, CrateCluster, CrateServers } from "../../ports/crate-servers.ts";
import { HttpCrateCluster } from "./cluster.ts";

/** CrateDB over its HTTP endpoint, over TLS where the access says so. */
export class HttpCrateServers implements CrateServers {
  open(addresses: readonly CrateAddress[], access: CrateAccess): CrateCluster {
    return new HttpCrateCluster(addresses, access);
  }
}
