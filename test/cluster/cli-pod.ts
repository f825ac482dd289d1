import { randomBytes } from "node:crypto";
import { CoreV1Api, type KubeConfig } from "@kubernetes/client-node";
import { PROJECT_IMAGE } from "./images/project-image.ts";
import { until } from "./machine/until.ts";

export interface CliPodSpec {
  readonly namespace: string;
  readonly serviceAccountName: string;
  /** As behind `npx handover`. */
  readonly args: readonly string[];
}

const END_DEADLINE_MS = 120_000;

/** Runs a line of the CLI in a pod of the project's image, as a service account; gives its exit code and all it wrote. */
export async function runCliInPod(
  kubeConfig: KubeConfig,
  { namespace, serviceAccountName, args }: CliPodSpec,
): Promise<{ exitCode: number; output: string }> {
  const core = kubeConfig.makeApiClient(CoreV1Api);
  const name = `cli-${randomBytes(4).toString("hex")}`;
  await core.createNamespacedPod({
    namespace,
    body: {
      metadata: { name },
      spec: {
        serviceAccountName,
        restartPolicy: "Never",
        containers: [{ name: "cli", image: PROJECT_IMAGE, imagePullPolicy: "Never", args: [...args] }],
      },
    },
  });
  try {
    const exitCode = await until(
      async () => {
        const { status } = await core.readNamespacedPod({ namespace, name });
        return status?.containerStatuses?.[0]?.state?.terminated?.exitCode;
      },
      {
        what: `the pod that runs \`handover ${args.join(" ")}\` has ended`,
        deadlineMs: END_DEADLINE_MS,
        explain: () => core.readNamespacedPodLog({ namespace, name }),
      },
    );
    return { exitCode, output: await core.readNamespacedPodLog({ namespace, name }) };
  } finally {
    await core.deleteNamespacedPod({ namespace, name });
  }
}
