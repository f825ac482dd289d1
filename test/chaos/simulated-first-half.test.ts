import { simulatedSuite } from "./simulated.suite.ts";

simulatedSuite({ firstSeed: 1, runs: 200 });
