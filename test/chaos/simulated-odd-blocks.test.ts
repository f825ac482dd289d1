import { simulatedSuite } from "./simulated.suite.ts";

simulatedSuite("odd blocks");
