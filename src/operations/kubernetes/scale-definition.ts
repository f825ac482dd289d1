import { z } from "zod";
import type { FlagDefinition, OperationDefinition } from "../catalogue.ts";
import { defaultWaitMs, waitFlag } from "./restart-definition.ts";

/** More is taken for a slip of the fingers. */
const mostReplicas = 1_000;

/** `parameters` of kubernetes.scale. */
export const scaleParametersSchema = z.strictObject({
  /** Missing: nobody said, which is refused with the number there is. */
  replicas: z.number().int().min(0).max(mostReplicas).optional(),
  /** That nothing runs any more. */
  acceptZero: z.boolean().default(false),
  /** That the volumes named are deleted for good. */
  acceptVolumeDeletion: z.boolean().default(false),
  waitMs: z.number().int().min(1_000).default(defaultWaitMs),
});
export type ScaleParameters = z.infer<typeof scaleParametersSchema>;

export const acceptZeroFlag = acceptance("accept-zero", "acceptZero", "that no pod of it runs any more");
export const acceptVolumeDeletionFlag = acceptance(
  "accept-volume-deletion",
  "acceptVolumeDeletion",
  "that the volumes of the pods that go are deleted for good",
);

export const scaleDefinition: OperationDefinition = {
  name: "kubernetes.scale",
  engine: "kubernetes",
  verb: "scale",
  summary: "set the number of pods of a StatefulSet or Deployment, watched to the end",
  changesTarget: true,
  flags: [
    {
      name: "replicas",
      parameter: "replicas",
      value: "N",
      summary: "how many pods there shall be",
      expected: `a whole number from 0 to ${mostReplicas}`,
      parse: (text) => (/^\d{1,4}$/.test(text) && Number(text) <= mostReplicas ? Number(text) : null),
    },
    acceptZeroFlag,
    acceptVolumeDeletionFlag,
    waitFlag,
  ],
};

function acceptance(name: string, parameter: string, what: string): FlagDefinition {
  return { name, parameter, value: null, summary: `accept ${what}`, expected: "no value", parse: () => true };
}
