/**
 * What is wrong with Redis, in words that hold neither address nor password: ioredis' errors carry the arguments of the
 * failed command (`AUTH` included), and Redis' own texts can repeat them, so only codes are taken from either.
 */
export function troubleText(error: unknown): string {
  if (!(error instanceof Error)) return "the connection failed";
  if (error.name === "ReplyError") return replyText(error.message);
  if ("code" in error && typeof error.code === "string") return `the connection failed: ${error.code}`;
  return "the connection failed";
}

function replyText(message: string): string {
  const code = /^[A-Z]+\b/.exec(message)?.[0] ?? "ERR";
  // A script's own failure names a line of ours and no argument.
  const line = /user_script:\d+/.exec(message)?.[0];
  return line === undefined ? `it answered ${code}` : `it answered ${code} at ${line}`;
}
