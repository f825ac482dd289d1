import { refusalsSuite } from "./refusals.suite.ts";
import { startSandboxApi } from "./support/sandbox-api.ts";

refusalsSuite("the sandbox's API", startSandboxApi);
