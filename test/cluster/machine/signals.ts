const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** On a signal that would end this process, closes first and then lets it end. Gives what ends this arrangement. */
export function closeOnSignals(close: () => Promise<void>): () => void {
  const forget = () => {
    for (const signal of SIGNALS) {
      process.off(signal, onSignal);
    }
  };
  const onSignal = (signal: NodeJS.Signals) => {
    forget();
    const end = () => process.kill(process.pid, signal);
    close().then(end, (error: unknown) => {
      console.error("the cluster could not be taken away:", error);
      end();
    });
  };
  for (const signal of SIGNALS) {
    process.on(signal, onSignal);
  }
  return forget;
}
