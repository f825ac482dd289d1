import { ApiException, CoreV1Api, KubeConfig } from "@kubernetes/client-node";
import { afterAll, beforeAll } from "vitest";
import { z } from "zod";

/** An API under test: the sandbox's, or a real one. */
export interface KubernetesUnderTest {
  /** Of an administrator. */
  readonly kubeconfig: string;
  /** Of any user with any groups. */
  kubeconfigFor(user: string, groups: readonly string[]): string;
  close(): Promise<void>;
}

/** What each part of the suite works with: the API, and a namespace of the part's own. */
export interface Subject {
  readonly kubeConfig: KubeConfig;
  readonly namespace: string;
  as(user: string, groups?: readonly string[]): KubeConfig;
}

/** Creates a namespace before the tests of a part and deletes it after them. */
export function namespaced(api: () => KubernetesUnderTest, namespace: string): () => Subject {
  const kubeConfig = () => loaded(api().kubeconfig);
  beforeAll(async () => {
    await kubeConfig()
      .makeApiClient(CoreV1Api)
      .createNamespace({ body: { metadata: { name: namespace } } });
  });
  afterAll(async () => {
    await kubeConfig().makeApiClient(CoreV1Api).deleteNamespace({ name: namespace });
  });
  return () => ({
    kubeConfig: kubeConfig(),
    namespace,
    as: (user, groups = []) => loaded(api().kubeconfigFor(user, groups)),
  });
}

function loaded(text: string): KubeConfig {
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromString(text);
  return kubeConfig;
}

const statusSchema = z.object({
  kind: z.literal("Status"),
  status: z.literal("Failure"),
  message: z.string(),
  reason: z.string().optional(),
  code: z.number(),
  details: z
    .object({
      name: z.string().optional(),
      group: z.string().optional(),
      kind: z.string().optional(),
      causes: z
        .array(
          z.object({ reason: z.string().optional(), message: z.string().optional(), field: z.string().optional() }),
        )
        .optional(),
    })
    .optional(),
});

export type Refusal = z.infer<typeof statusSchema>;

/** The Status with which a call is refused. Throws when it is not refused. */
export async function refusal(call: Promise<unknown>): Promise<Refusal> {
  try {
    await call;
  } catch (error) {
    if (error instanceof ApiException) {
      const body: unknown = typeof error.body === "string" ? JSON.parse(error.body) : error.body;
      return statusSchema.parse(body);
    }
    throw error;
  }
  throw new Error("the API did not refuse");
}

export const POD_SPEC = {
  // No controller ever looks for a node: the pods of this suite are moved by their status only.
  schedulerName: "nobody",
  terminationGracePeriodSeconds: 5,
  containers: [{ name: "main", image: "example.test/main:1" }],
};
