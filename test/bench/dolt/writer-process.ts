/**
 * The writers of a benchmark, in a process of their own: what the bench itself does must not hold them up. Started by
 * `WritersApart`, which speaks to it by messages; ends when its parent's channel closes.
 */
import { z } from "zod";
import { Writers } from "../../support/writers.ts";

/** What the parent may ask. Each is answered by one message with the same `id`. */
const questionSchema = z.discriminatedUnion("ask", [
  z.object({
    ask: z.literal("start"),
    id: z.number(),
    kubeconfig: z.string(),
    namespace: z.string(),
    database: z.string(),
    writers: z.number(),
    credentials: z.object({ user: z.string(), password: z.string() }),
    restMs: z.number(),
    service: z.object({ host: z.string(), port: z.number() }).nullable(),
  }),
  z.object({ ask: z.literal("acknowledges"), id: z.number(), more: z.number() }),
  z.object({ ask: z.literal("resetGap"), id: z.number() }),
  z.object({ ask: z.literal("longestGapMs"), id: z.number() }),
  z.object({ ask: z.literal("stop"), id: z.number() }),
]);
type Question = z.infer<typeof questionSchema>;

let running: Writers | null = null;

async function answer(question: Question): Promise<unknown> {
  switch (question.ask) {
    case "start": {
      const { service, kubeconfig, namespace, database, writers, credentials, restMs } = question;
      const options = { kubeconfig, namespace, database, writers, credentials, restMs };
      running = await Writers.start(service === null ? options : { ...options, endpoint: () => service });
      return null;
    }
    case "acknowledges":
      return await started().acknowledges(question.more);
    case "resetGap":
      return started().resetGap();
    case "longestGapMs":
      return started().longestGapMs;
    case "stop":
      return (await started().stop()).acknowledged;
  }
}

function started(): Writers {
  if (running === null) throw new Error("no writers have been started");
  return running;
}

process.on("message", (message) => {
  const question = questionSchema.parse(message);
  void answer(question).then(
    (value) => process.send?.({ id: question.id, value: value ?? null }),
    (error: unknown) => process.send?.({ id: question.id, error: String(error) }),
  );
});
process.once("disconnect", () => process.exit());
