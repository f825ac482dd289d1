import { z } from "zod";

const userIds = z.array(z.string().min(1));

/** What is expected of one request. Whatever is left out is not looked at. */
const expectedSchema = z
  .strictObject({
    /** The name of the rule that decides; `denied`: none does. */
    rule: z.string().min(1).optional(),
    mayAsk: z.boolean().optional(),
    /** Each of these could approve. */
    mayApprove: userIds.optional(),
    /** None of these could. */
    mayNotApprove: userIds.optional(),
    /** The approvals of these together would do. */
    enough: userIds.optional(),
    /** These together would not. */
    notEnough: userIds.optional(),
    /** Whether a freeze stands against it at that time, or the name of the one that does. */
    frozen: z.union([z.boolean(), z.string().min(1)]).optional(),
    reasonRequired: z.boolean().optional(),
    /** Kubernetes users or groups that may do it on the command line. */
    mayBreakGlass: userIds.optional(),
    mayNotBreakGlass: userIds.optional(),
  })
  .refine((expected) => Object.keys(expected).length > 0, "expects nothing");
export type Expected = z.infer<typeof expectedSchema>;

const expectationSchema = z.strictObject({
  name: z.string().min(1),
  operation: z.string().min(1),
  /** `orders`, `shop/orders` or `prod/shop/orders`. */
  target: z.string().min(1),
  labels: z.record(z.string(), z.string()).default({}),
  /** Whose request it is: a Slack user id. */
  user: z.string().min(1).optional(),
  /** Now, where it is left out. */
  at: z.iso.datetime({ offset: true, error: "is not a time with its zone, such as 2026-12-24T18:00:00Z" }).optional(),
  expect: expectedSchema,
});
export type Expectation = z.infer<typeof expectationSchema>;

/** A table of expectations for `npx handover policy test`. */
export const testFileSchema = z.strictObject({
  version: z.literal(1),
  /** Path of handover.yaml, from this file's folder. Without it, as every process finds it. */
  config: z.string().min(1).optional(),
  /** Who is in what would have to be looked up, for these tests: by group (`@dba`), usergroup (`S…`) or e-mail address. */
  members: z.record(z.string(), userIds).default({}),
  expectations: z.array(expectationSchema).min(1),
});
export type TestFile = z.infer<typeof testFileSchema>;
