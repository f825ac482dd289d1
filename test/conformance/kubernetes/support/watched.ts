import { type KubeConfig, Watch } from "@kubernetes/client-node";
import { z } from "zod";
import { until } from "../../../support/until.ts";

const objectSchema = z.looseObject({
  kind: z.string().optional(),
  code: z.number().optional(),
  reason: z.string().optional(),
  metadata: z
    .looseObject({
      name: z.string().optional(),
      resourceVersion: z.string().optional(),
      labels: z.record(z.string(), z.string()).optional(),
      annotations: z.record(z.string(), z.string()).optional(),
    })
    .default({}),
});

export interface WatchedEvent {
  readonly type: string;
  readonly object: z.infer<typeof objectSchema>;
}

/** One watch that is open, and what it has brought so far. */
export interface Watched extends AsyncDisposable {
  readonly events: readonly WatchedEvent[];
  /** Whether the server has ended it. */
  ended(): boolean;
  /** Resolves to the first event of this type, and of this name where one is given. */
  first(type: string, name?: string): Promise<WatchedEvent>;
}

export async function watched(
  kubeConfig: KubeConfig,
  path: string,
  query: Record<string, string | number | boolean>,
): Promise<Watched> {
  const events: WatchedEvent[] = [];
  let isEnded = false;
  const request = await new Watch(kubeConfig).watch(
    path,
    query,
    (type: string, object: unknown) => events.push({ type, object: objectSchema.parse(object) }),
    () => {
      isEnded = true;
    },
  );
  return {
    events,
    ended: () => isEnded,
    first: (type, name) =>
      until(
        `${type} of ${name ?? "anything"} is seen at ${path}; seen: ${JSON.stringify(events.map((event) => event.type))}`,
        async () =>
          events.find((event) => event.type === type && (name === undefined || event.object.metadata.name === name)),
      ),
    [Symbol.asyncDispose]: async () => {
      request.abort();
      await until("the watch has ended", async () => isEnded);
    },
  };
}
