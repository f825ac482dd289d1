import { z } from "zod";
import { readEdgeSettings } from "../config/environment.ts";
import type { SlackReceiver } from "./receiver.ts";
import { openEdge } from "./services.ts";
import type { HttpAnswer } from "./slack-request.ts";

/** Of an event of API Gateway (HTTP API, payload 2.0) or of a Function URL, which are alike. */
const eventSchema = z.object({
  headers: z.record(z.string(), z.string()),
  body: z.string().default(""),
  isBase64Encoded: z.boolean().default(false),
});

/** Answers one event of Lambda's. A body in base64 is decoded to the bytes that were signed, whatever letters they hold. */
export async function answerLambdaEvent(event: unknown, receiver: Pick<SlackReceiver, "handle">): Promise<HttpAnswer> {
  const { headers, body, isBase64Encoded } = eventSchema.parse(event);
  return receiver.handle({
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])),
    body: Buffer.from(body, isBase64Encoded ? "base64" : "utf8"),
  });
}

let receiver: SlackReceiver | null = null;

/** Lambda's entry. What it opens lives as long as the environment, which Lambda freezes and thaws. */
export async function handler(event: unknown): Promise<HttpAnswer> {
  receiver ??= openEdge(readEdgeSettings(process.env)).receiver;
  return answerLambdaEvent(event, receiver);
}
