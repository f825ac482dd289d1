import { Agent, request } from "undici";
import { z } from "zod";
import type { CrateAccess, CrateAddress } from "../../../src/ports/crate-servers.ts";

/** What a node answers to one statement, as it stands on the wire. */
export interface SqlAnswer {
  readonly status: number;
  readonly text: string;
  readonly cols: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
  /** Null: it is not CrateDB's JSON. */
  readonly error: { readonly message: string; readonly code: number } | null;
}

const bodySchema = z.object({
  cols: z.array(z.string()).default([]),
  rows: z.array(z.array(z.unknown())).default([]),
  error: z.object({ message: z.string(), code: z.number() }).nullable().default(null),
});

/** Statements past the adapter, to see what is really answered. */
export function sqlOver(address: CrateAddress | undefined, access: CrateAccess) {
  const scheme = access.tls === null ? "http" : "https";
  const url = `${scheme}://${address?.host}:${address?.port}/_sql`;
  return async (stmt: string): Promise<SqlAnswer> => {
    const dispatcher = new Agent({ connect: { rejectUnauthorized: false }, pipelining: 0 });
    try {
      const { statusCode, body } = await request(url, {
        dispatcher,
        method: "POST",
        headers: {
          "content-type": "application/json",
          authorization: `Basic ${Buffer.from(`${access.username}:${access.password}`).toString("base64")}`,
        },
        body: JSON.stringify({ stmt }),
        signal: AbortSignal.timeout(60_000),
      });
      const text = await body.text();
      const parsed = bodySchema.safeParse(parsedJson(text));
      const { cols, rows, error } = parsed.success ? parsed.data : { cols: [], rows: [], error: null };
      return { status: statusCode, text, cols, rows, error };
    } finally {
      await dispatcher.close();
    }
  };
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
