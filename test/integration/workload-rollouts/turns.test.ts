import { startSandboxApi } from "./support/sandbox-api.ts";
import { turnsSuite } from "./turns.suite.ts";

turnsSuite("the sandbox's API", startSandboxApi);
