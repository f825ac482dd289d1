import { simulatedSuite } from "./simulated.suite.ts";

simulatedSuite("even blocks");
