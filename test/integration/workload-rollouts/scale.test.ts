import { scaleSuite } from "./scale.suite.ts";
import { startSandboxApi } from "./support/sandbox-api.ts";

scaleSuite("the sandbox's API", startSandboxApi);
