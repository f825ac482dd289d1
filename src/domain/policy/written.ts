import { z } from "zod";

/** A rule, and the groups it names, as handover.yaml writes them. What they mean stands in `read-policy.ts`. */

const texts = z.array(z.string().min(1));
const patterns = texts.min(1).default(["*"]);

const linkSchema = z.strictObject({ title: z.string().min(1), url: urlSchema() });

/** `runbook` and `dashboards` of a rule, and those for rules that name none. */
const linksShape = {
  /** May hold `{cluster}`, `{namespace}`, `{target}` and `{operation}`. */
  runbook: urlSchema().optional(),
  dashboards: z.array(linkSchema).max(5).optional(),
};
export const writtenLinksSchema = z.strictObject(linksShape);
export type WrittenLinks = z.infer<typeof writtenLinksSchema>;

const aboutFreeze = {
  name: z.string().min(1),
  reason: z.string().min(1).optional(),
  /** IANA name. */
  timeZone: z.string().min(1),
};
/** Either from and to, or cron and forMinutes; `read-policy.ts` holds that, with a better word for it than a union has. */
export const writtenFreezeSchema = z.strictObject({
  ...aboutFreeze,
  /** Local time in the time zone: `2026-12-24` or `2026-12-24T18:00`. */
  from: z.string().optional(),
  /** The same; a day alone means its end. */
  to: z.string().optional(),
  /** When it begins, again and again: five fields, in the time zone. */
  cron: z.string().min(1).optional(),
  forMinutes: z
    .int()
    .min(1)
    .max(14 * 24 * 60)
    .optional(),
});
export type WrittenFreeze = z.infer<typeof writtenFreezeSchema>;

export const writtenRuleSchema = z.strictObject({
  name: z.string().min(1),
  operations: texts.min(1),
  clusters: patterns,
  namespaces: patterns,
  targets: patterns,
  /** Patterns by label of the target's workload. */
  labels: z.record(z.string().min(1), z.string().min(1)).default({}),
  requesters: texts.min(1),
  /** With a number of approvals: any of whom. */
  approvers: texts.default([]),
  /** A number, or `2 of @dba`, or a list of such texts, all of which have to be met by different people. */
  approvals: z.union([z.int().min(0).max(10), z.string().min(1), texts.min(1).max(10)]).default(1),
  selfApproval: z.boolean().default(false),
  expiresAfterMinutes: z.int().min(1).max(1440).default(15),
  remindAfterMinutes: z.array(z.int().min(1)).max(10).default([]),
  escalation: z
    .array(z.strictObject({ afterMinutes: z.int().min(1), to: texts.min(1), mayApprove: z.boolean().default(false) }))
    .max(5)
    .default([]),
  reasonRequired: z.boolean().default(false),
  freeze: z.array(writtenFreezeSchema).default([]),
  breakGlass: z.strictObject({ users: texts }).optional(),
  whenSlackIsAway: z
    .string()
    .regex(/^(refuse|acceptCheckedWithin [1-9]\d{0,2}m)$/, "is neither `refuse` nor `acceptCheckedWithin 15m`")
    .default("refuse"),
  ...linksShape,
});
export type WrittenRule = z.infer<typeof writtenRuleSchema>;

/** As handover.yaml may write it: with what has a default left out. */
export type WrittenPolicy = readonly z.input<typeof writtenRuleSchema>[];

const pagerDutyIdSchema = z.string().regex(/^[A-Z0-9]{3,}$/, "is not the id of a PagerDuty object (P…)");

/** A group: a list of people, or exactly one of the keys. */
export const writtenGroupSchema = z.union([
  texts.min(1),
  z.strictObject({
    users: texts.min(1).optional(),
    usergroup: z
      .string()
      .regex(/^S[A-Z0-9]+$/, "is not the id of a Slack usergroup (S…): handles can be renamed")
      .optional(),
    pagerduty: z
      .strictObject({
        schedule: pagerDutyIdSchema.optional(),
        escalationPolicy: pagerDutyIdSchema.optional(),
        /** Of the escalation policy; the first where none is named. */
        level: z.int().min(1).max(20).optional(),
      })
      .optional(),
  }),
]);
export type WrittenGroup = z.infer<typeof writtenGroupSchema>;

export const groupNameSchema = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, "is not a group's name: letters, digits, dots, dashes, underscores");

function urlSchema() {
  return z
    .string()
    .max(2000)
    .refine(
      (text) => /^https?:$/.test(URL.parse(text.replaceAll(/\{[a-z]+\}/g, "x"))?.protocol ?? ""),
      "is not an address that begins with https://",
    )
    .refine(
      (text) => !/\{(?!(cluster|namespace|target|operation)\})/.test(text),
      "has a placeholder other than {cluster}, {namespace}, {target}, {operation}",
    );
}
