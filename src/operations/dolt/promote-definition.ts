import { z } from "zod";
import type { OperationDefinition } from "../catalogue.ts";

/** `parameters` of dolt.promote. */
export const promoteParametersSchema = z.strictObject({
  /** The pod that shall become primary; without it, the one that is found to hold the newest. */
  to: z.string().min(1).optional(),
  /** A pod that must not become primary. */
  avoid: z.string().min(1).optional(),
  /** Compare and set: refuse unless this pod is the primary that is gone. */
  expectedPrimary: z.string().min(1).optional(),
  /** What only the lost primary holds may be overwritten. */
  acceptLoss: z.boolean().default(false),
});
export type PromoteParameters = z.infer<typeof promoteParametersSchema>;

export const acceptLossFlag = "accept-loss";

export const promoteDefinition: OperationDefinition = {
  name: "dolt.promote",
  engine: "dolt",
  verb: "promote",
  summary: "make a standby primary when the primary is gone; writes that only the lost one has are lost",
  changesTarget: true,
  flags: [
    pod(
      "to",
      "to",
      "the standby that shall become primary (default: the one that holds the newest, where that can be told)",
    ),
    pod("avoid", "avoid", "a standby that must not become primary"),
    pod("expected-primary", "expectedPrimary", "refuse unless this pod is the primary that is gone"),
    {
      name: acceptLossFlag,
      parameter: "acceptLoss",
      value: null,
      summary: "accept by your name that writes which only the lost primary has are lost",
      expected: "no value",
      parse: () => null,
    },
  ],
};

function pod(name: string, parameter: string, summary: string) {
  const parse = (text: string) => (/^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/.test(text) ? text : null);
  return { name, parameter, value: "POD", summary, expected: "the name of a pod, such as orders-1", parse };
}
