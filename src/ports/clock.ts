/** Time as the process sees it. Injected, so that tests decide what time it is. */
export interface Clock {
  /** Milliseconds since the epoch, by this machine. Never compared with another machine's time. */
  nowMs(): number;
  /** Milliseconds of a clock that never goes back; only differences mean something. */
  monotonicMs(): number;
  /** Resolves after so long; rejects with the signal's reason as soon as it is aborted. */
  sleep(durationMs: number, signal?: AbortSignal): Promise<void>;
}
