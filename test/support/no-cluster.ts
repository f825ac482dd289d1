import type { OperationContext } from "../../src/operations/operation.ts";

const asked = async (): Promise<never> => {
  throw new Error("this test has no cluster, and somebody asked it");
};

/** For tests of what must not depend on a cluster: every question is an error. */
export const noCluster: Pick<OperationContext, "workloads" | "dolt"> = {
  workloads: {
    targets: asked,
    look: asked,
    labelPod: asked,
    evictPod: asked,
    events: asked,
    podLog: asked,
    surroundings: asked,
    credentials: asked,
  },
  dolt: { connect: asked },
};
