import { z } from "zod";

/**
 * All that a job says: which request to look at. Job data is clear text, and whoever can write to Redis can add jobs, so
 * nothing in it is a secret and nothing in it is believed: the record and its signatures decide.
 */
export const wakeUpPayloadSchema = z.strictObject({
  requestId: z.string().min(1).max(200),
  /** The record's revision when it was sent; for people who look into the queue. */
  revision: z.int().min(1),
});
export type WakeUpPayload = z.infer<typeof wakeUpPayloadSchema>;
