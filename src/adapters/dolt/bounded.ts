import type { CallOptions } from "../../ports/dolt-servers.ts";

/**
 * Waits for `work` no longer than the deadline and the signal allow. When they end the wait, `abandon` is called and the
 * error it makes is thrown; `work` itself may still settle later, unheard.
 */
export async function bounded<T>(work: Promise<T>, options: CallOptions, abandon: (why: string) => Error): Promise<T> {
  const ended = Promise.withResolvers<never>();
  const onAbort = () => ended.reject(abandon("the wait was cancelled"));
  const timer = setTimeout(
    () => ended.reject(abandon(`no answer within ${options.deadlineMs} ms`)),
    options.deadlineMs,
  );
  options.signal.addEventListener("abort", onAbort, { once: true });
  if (options.signal.aborted) onAbort();
  try {
    return await Promise.race([work, ended.promise]);
  } finally {
    clearTimeout(timer);
    options.signal.removeEventListener("abort", onAbort);
  }
}
