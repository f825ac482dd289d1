import { MemoryAnnouncements, MemoryFaceStore, MemoryRequestStore } from "../../support/memory-request-store.ts";
import { requestStoreSuite } from "./request-store.suite.ts";

requestStoreSuite("memory", async () => {
  const clock = { nowMs: () => Date.now() };
  const requests = new MemoryRequestStore(clock);
  return { requests, faces: new MemoryFaceStore(requests, clock), announcements: new MemoryAnnouncements(clock) };
});
