import { afterAll, beforeAll, describe } from "vitest";
import { accessConformance } from "./access.ts";
import { deletionsConformance } from "./deletions.ts";
import { listsConformance } from "./lists.ts";
import { networkPoliciesConformance } from "./network-policies.ts";
import { objectsConformance } from "./objects.ts";
import { patchesConformance } from "./patches.ts";
import { rolloutsConformance } from "./rollouts.ts";
import { statefulSetsConformance } from "./stateful-sets.ts";
import type { KubernetesUnderTest } from "./support/subject.ts";
import { watchesConformance } from "./watches.ts";
import { workloadsConformance } from "./workloads.ts";

/**
 * What the project needs of a Kubernetes API, asked through @kubernetes/client-node. The sandbox and a real control plane
 * both pass it: where they differ, the sandbox is wrong. No node is needed: the tests set the status of pods themselves.
 */
export function kubernetesConformance(name: string, start: () => Promise<KubernetesUnderTest>): void {
  describe(`Kubernetes API: ${name}`, () => {
    let started: KubernetesUnderTest | undefined;
    const api = () => {
      if (started === undefined) {
        throw new Error("the API under test was not started");
      }
      return started;
    };
    beforeAll(async () => {
      started = await start();
    });
    afterAll(async () => {
      await started?.close();
    });

    objectsConformance(api);
    listsConformance(api);
    watchesConformance(api);
    patchesConformance(api);
    deletionsConformance(api);
    statefulSetsConformance(api);
    workloadsConformance(api);
    rolloutsConformance(api);
    networkPoliciesConformance(api);
    accessConformance(api);
  });
}
