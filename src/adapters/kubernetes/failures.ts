import { ApiException } from "@kubernetes/client-node";
import { z } from "zod";
import { fail, HandoverError } from "../../domain/errors.ts";

const statusSchema = z.object({ message: z.string().optional(), reason: z.string().optional() });
const longestReason = 240;

/** HTTP status of an answer that said no; null when there was no answer. */
export function statusCode(error: unknown): number | null {
  return error instanceof ApiException ? error.code : null;
}

/**
 * What a failed call means. From 500 on the server answered, but whether it did what was asked is as unknown as
 * without an answer (a 504 comes while etcd still commits).
 */
export function callFailure(doing: string, error: unknown): HandoverError {
  if (error instanceof HandoverError) return error;
  const code = statusCode(error);
  if (code === null) return fail("kubernetes_away", { doing, why: shortened(reasonOf(error)) }, { cause: error });
  const why = shortened(answerOf(error, code));
  return fail(code >= 500 ? "kubernetes_away" : "kubernetes_refused", { doing, why }, { cause: error });
}

function answerOf(error: unknown, code: number): string {
  const body: unknown = error instanceof ApiException ? error.body : null;
  const status = statusSchema.safeParse(typeof body === "string" ? parsedOrNull(body) : body);
  const text = status.success ? (status.data.message ?? status.data.reason) : undefined;
  return text === undefined ? `status ${code}` : `${text} (${code})`;
}

function parsedOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** The innermost cause says most: fetch itself only says “fetch failed”. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.cause instanceof Error) return reasonOf(error.cause);
  if (error instanceof AggregateError && error.message === "") return error.errors.map(reasonOf).join("; ");
  return error.message;
}

/** One line, short, and without anything that looks like a credential. */
function shortened(text: string): string {
  const line = text.replaceAll(/\s+/g, " ").replaceAll(/(Bearer|Basic) \S+|eyJ[\w-]+\.[\w.-]+/g, "[hidden]");
  return line.length <= longestReason ? line : `${line.slice(0, longestReason - 1)}…`;
}
