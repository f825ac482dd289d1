import { setTimeout as sleep } from "node:timers/promises";
import type { V1Container } from "@kubernetes/client-node";
import type { RunningContainer } from "./runtime.ts";

/**
 * Probes a running container with the timing of its readiness probe and tells each change, until `stop()` or its end.
 * A container without a readiness probe is ready as soon as it runs. The kind of probe is the runtime's: see `RunningContainer.ready`.
 *
 * @param untilReadyMs time between two probes while the container is not ready, shorter than a kubelet's so that tests need not wait
 */
export function watchReadiness(
  container: V1Container,
  running: RunningContainer,
  untilReadyMs: number,
  changed: (ready: boolean) => void,
): { stop(): Promise<void> } {
  const stopped = new AbortController();
  const probing = probe(container, running, untilReadyMs, changed, stopped.signal);
  return {
    async stop() {
      stopped.abort();
      await probing;
    },
  };
}

async function probe(
  container: V1Container,
  running: RunningContainer,
  untilReadyMs: number,
  changed: (ready: boolean) => void,
  stopped: AbortSignal,
): Promise<void> {
  const timing = container.readinessProbe;
  if (timing === undefined) {
    changed(true);
    return;
  }
  const periodMs = (timing.periodSeconds ?? 10) * 1000;
  const timeoutMs = (timing.timeoutSeconds ?? 1) * 1000;
  const failureThreshold = timing.failureThreshold ?? 3;
  let ready = false;
  let failures = 0;
  while (!stopped.aborted) {
    const answered = await running.ready(AbortSignal.any([stopped, AbortSignal.timeout(timeoutMs)]));
    if (stopped.aborted) {
      return;
    }
    failures = answered ? 0 : failures + 1;
    const nowReady: boolean = answered || (ready && failures < failureThreshold);
    if (nowReady !== ready) {
      ready = nowReady;
      changed(ready);
    }
    // An abort only ends the wait early.
    await sleep(ready ? periodMs : untilReadyMs, undefined, { signal: stopped }).catch(() => {});
  }
}
