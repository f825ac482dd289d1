import { simulatedSuite } from "./simulated.suite.ts";

simulatedSuite({ firstSeed: 201, runs: 200 });
