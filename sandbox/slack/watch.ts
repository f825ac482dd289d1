import { z } from "zod";

/** Told by local-slack to its page whenever a message was added, edited or deleted. */
const change = z.looseObject({ t: z.enum(["init", "message", "message_update", "message_delete"]) });

/** Follows the socket that feeds local-slack's page, so that waiting for a message needs no polling. */
export interface ChangeWatch {
  /** Resolves at the next change of any message; rejects with the signal's reason. */
  next(signal: AbortSignal): Promise<void>;
  close(): void;
}

/** @throws {Error} when the page's socket cannot be opened */
export async function watchChanges(pageUrl: string): Promise<ChangeWatch> {
  const socket = new WebSocket(`${pageUrl.replace(/^http/, "ws")}/ui`);
  let waiting: (() => void)[] = [];
  socket.addEventListener("message", (event) => {
    if (!change.safeParse(JSON.parse(String(event.data))).success) return;
    const all = waiting;
    waiting = [];
    for (const wake of all) wake();
  });
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener("open", () => resolve(), { once: true });
    socket.addEventListener("error", () => reject(new Error(`The socket of the page at ${pageUrl} did not open.`)), {
      once: true,
    });
  });
  return {
    next: (signal) =>
      new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason);
        const stop = () => reject(signal.reason);
        signal.addEventListener("abort", stop, { once: true });
        waiting.push(() => {
          signal.removeEventListener("abort", stop);
          resolve();
        });
      }),
    close: () => socket.close(),
  };
}
