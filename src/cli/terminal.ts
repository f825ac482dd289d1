import { createInterface } from "node:readline/promises";

/** Where the command line speaks. What is asked for goes to stdout; progress and questions go to stderr. */
export interface Terminal {
  /** Whether somebody is there to answer. */
  readonly interactive: boolean;
  out(text: string): void;
  err(text: string): void;
  /** The answer, or null when none was given: by Ctrl-C, by the end of the input, or because the signal ended the wait. */
  ask(question: string, signal: AbortSignal): Promise<string | null>;
  /** Calls back at each Ctrl-C (SIGINT) or SIGTERM until the returned function is called. */
  onInterrupt(listener: () => void): () => void;
}

export function processTerminal(): Terminal {
  // A reader that goes away (`| head`) must not end a process in the middle of a switch.
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
    });
  }
  return {
    interactive: process.stdin.isTTY === true && process.stderr.isTTY === true,
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    ask,
    onInterrupt,
  };
}

async function ask(question: string, signal: AbortSignal): Promise<string | null> {
  const ended = new AbortController();
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  lines.once("SIGINT", () => ended.abort());
  lines.once("close", () => ended.abort());
  try {
    return await lines.question(question, { signal: AbortSignal.any([signal, ended.signal]) });
  } catch (error) {
    if (ended.signal.aborted || signal.aborted) return null;
    throw error;
  } finally {
    lines.close();
  }
}

function onInterrupt(listener: () => void): () => void {
  const signals = ["SIGINT", "SIGTERM"] as const;
  for (const signal of signals) process.on(signal, listener);
  return () => {
    for (const signal of signals) process.off(signal, listener);
  };
}
