import { fail } from "../../domain/errors.ts";
import { DoltError } from "../../ports/dolt-servers.ts";

/** A server's word, or its silence, while a step was carried out, as a problem for people. */
export async function told<T>(doing: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof DoltError)) throw error;
    throw fail("dolt_silent", { pod: "A server", doing: `“${doing}”`, why: error.message }, { cause: error });
  }
}
