import { z } from "zod";
import { DoltError, type DoltTls } from "../../ports/dolt-servers.ts";
import { tlsFailure } from "./tls-failures.ts";

/** An error packet of the server, as mysql2 hands it over; errors of the network have no `sqlMessage`. */
const serverErrorSchema = z.object({ errno: z.number().int().positive(), sqlMessage: z.string() });

/** MySQL's numbers for a login that was refused: wrong user or password (1045), host not allowed (1130), no password given (1698). */
const loginErrors: ReadonlySet<number> = new Set([1045, 1130, 1698]);

/**
 * Answers that say that the statement was cut short, not that it was not done: query interrupted (1317), query
 * timed out (3024), server shutting down (1053). Dolt also reports a killed connection's statement as 1105 “context canceled”.
 */
const interruptedErrors: ReadonlySet<number> = new Set([1053, 1317, 3024]);
const interruptedText = /context canceled|context deadline exceeded/i;

/** What a failure to connect means: nothing was asked, and either the login was refused or there was no session to ask in. */
export function connectFailure(error: unknown, tls: DoltTls | null = null): DoltError {
  const trouble = tlsFailure(error, tls);
  if (trouble !== null) return trouble;
  const answer = serverErrorSchema.safeParse(error);
  if (!answer.success) return new DoltError("unreachable", messageOf(error), { cause: error });
  const outcome = loginErrors.has(answer.data.errno) ? "login" : "refused";
  return new DoltError(outcome, answer.data.sqlMessage, { cause: error });
}

/** What a failure of a statement means that was sent. */
export function callFailure(error: unknown): DoltError {
  if (error instanceof DoltError) return error;
  const answer = serverErrorSchema.safeParse(error);
  if (!answer.success) return new DoltError("unknown", messageOf(error), { cause: error });
  const { errno, sqlMessage } = answer.data;
  const interrupted = interruptedErrors.has(errno) || interruptedText.test(sqlMessage);
  return new DoltError(interrupted ? "unknown" : "refused", sqlMessage, { cause: error });
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // Node joins the failures of several addresses in an AggregateError that has no message of its own.
  if (error instanceof AggregateError && error.message === "") return error.errors.map(messageOf).join("; ");
  return error.message;
}
