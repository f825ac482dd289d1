import type { OperationContext } from "../../src/operations/operation.ts";
import type { Rollouts } from "../../src/ports/rollouts.ts";
import type { Scaling } from "../../src/ports/scaling.ts";

const asked = async (): Promise<never> => {
  throw new Error("this test has no cluster, and somebody asked it");
};

/** For tests that scale nothing. */
export const noScaling: Scaling = {
  layout: asked,
  configMap: asked,
  changeConfigMap: asked,
  podServices: asked,
  createPodService: asked,
  setReplicas: asked,
  missingRights: asked,
};

/** For tests that roll nothing. */
export const noRollouts: Rollouts = {
  look: asked,
  revisions: asked,
  constraints: asked,
  autoscalers: asked,
  setRestartedAt: asked,
  putTemplate: asked,
  setReplicas: asked,
  missing: asked,
};

/** For tests of what must not depend on a cluster: every question is an error. */
export const noCluster: Pick<OperationContext, "workloads" | "dolt" | "crate" | "crateClusters"> = {
  workloads: {
    scaling: noScaling,
    rollouts: noRollouts,
    targets: asked,
    marks: asked,
    look: asked,
    labelPod: asked,
    evictPod: asked,
    events: asked,
    podLog: asked,
    surroundings: asked,
    credentials: asked,
    // Nothing is frozen where there is nothing.
    freezes: async () => [],
  },
  dolt: { connect: asked },
  crate: {
    open: () => {
      throw new Error("this test has no cluster, and somebody asked it");
    },
  },
  crateClusters: {
    look: asked,
    access: asked,
    autoscalers: asked,
    setReplicas: asked,
    setStartUpArguments: asked,
    annotate: asked,
    label: asked,
    cronJobs: asked,
    jobs: asked,
    changeCronJob: asked,
    deployments: asked,
    scaleDeployment: asked,
    missingRights: asked,
  },
};
