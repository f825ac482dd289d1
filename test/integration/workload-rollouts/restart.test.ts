import { restartSuite } from "./restart.suite.ts";
import { startSandboxApi } from "./support/sandbox-api.ts";

restartSuite("the sandbox's API", startSandboxApi);
