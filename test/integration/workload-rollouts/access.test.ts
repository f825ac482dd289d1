import { accessSuite } from "./access.suite.ts";
import { startSandboxApi } from "./support/sandbox-api.ts";

accessSuite("the sandbox's API", startSandboxApi);
