import { ManualClock } from "../../support/manual-clock.ts";
import { MemoryFaceStore, MemoryRequestStore } from "../../support/memory-request-store.ts";
import { interleavingsSuite, usuallyReached } from "./interleavings.suite.ts";

interleavingsSuite(
  "memory",
  async () => {
    const clock = new ManualClock();
    const requests = new MemoryRequestStore(clock);
    return { requests, faces: new MemoryFaceStore(requests, clock), clock, isStoresClock: true };
  },
  {
    numRuns: 300,
    reaches: [...usuallyReached, "cancelled", "reminder 1, escalation 0", "reminder 2, escalation 1"],
  },
);
