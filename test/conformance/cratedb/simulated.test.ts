import { LocalCrate, superuserAccess } from "../../../sandbox/cratedb/local-cluster.ts";
import { crateConformance } from "./suite.ts";

crateConformance("simulated CrateDB nodes", async () => {
  const local = await LocalCrate.start();
  return { addresses: local.addresses(), access: superuserAccess, close: () => local.close() };
});
