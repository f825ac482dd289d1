import { z } from "zod";
import type { OperationDefinition } from "../catalogue.ts";

/** `parameters` of dolt.repair. */
export const repairParametersSchema = z.strictObject({
  /** The pod whose data stays, and which becomes or stays primary; without it, only one that holds everything. */
  to: z.string().min(1).optional(),
  /** Where the databases that are overwritten are saved first; every server must reach it. */
  saveTo: z.string().min(1).optional(),
  /** What is saved is restored on the chosen primary, as `DATABASE_SUFFIX`. */
  restoreAs: z.string().min(1).optional(),
  /** What only the servers not chosen hold may be overwritten. */
  acceptLoss: z.boolean().default(false),
});
export type RepairParameters = z.infer<typeof repairParametersSchema>;

export const acceptLossFlag = "accept-loss";

/** What Dolt takes for a backup (https://docs.dolthub.com/sql-reference/server/backups), without credentials in it: it is shown to people. */
const url = /^(?:file|https?|aws|gs|az|oci):\/\/[^\s'"\\@?#]+$/;

export const repairDefinition: OperationDefinition = {
  name: "dolt.repair",
  engine: "dolt",
  verb: "repair",
  summary: "show what each side holds when servers contradict one another, and make the one you choose primary",
  changesTarget: true,
  flags: [
    {
      name: "to",
      parameter: "to",
      value: "POD",
      summary:
        "the pod whose data stays and which becomes primary (default: one that holds everything, if there is one)",
      expected: "the name of a pod, such as orders-1",
      parse: (text) => (/^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/.test(text) ? text : null),
    },
    {
      name: "save-to",
      parameter: "saveTo",
      value: "URL",
      summary: "save what is overwritten there first, such as file:///backups on a shared volume, gs://… or aws://…",
      expected: "a URL that every server reaches, such as file:///backups, gs://… or aws://…, without a password in it",
      parse: (text) => (text.length <= 500 && url.test(text) ? text.replace(/\/+$/, "") : null),
    },
    {
      name: "restore-as",
      parameter: "restoreAs",
      value: "SUFFIX",
      summary: "restore what was saved beside the rest, as DATABASE_SUFFIX",
      expected: "letters, digits and underscores, 32 at most, such as kept",
      parse: (text) => (/^[A-Za-z0-9_]{1,32}$/.test(text) ? text : null),
    },
    {
      name: acceptLossFlag,
      parameter: "acceptLoss",
      value: null,
      summary: "accept by your name that what only the others hold is overwritten",
      expected: "no value",
      parse: () => null,
    },
  ],
};
