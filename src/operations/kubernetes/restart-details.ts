import { z } from "zod";
import type { PlanStep } from "../../domain/plan.ts";

const templateSchema = z.object({ digest: z.string(), restartedAt: z.string().nullable() });

/** What a restart needs of its own plan to carry it out. */
export const restartDetailsSchema = z.object({
  uid: z.string().min(1),
  /** The template that the plan was made for. */
  before: templateSchema,
  /** What is written: the same template with this `restartedAt`, or a former one; null: nothing, pods are only evicted. */
  write: z
    .discriminatedUnion("kind", [
      z.object({ kind: z.literal("restart"), at: z.string().min(1) }),
      z.object({ kind: z.literal("former"), revision: z.string().min(1), template: templateSchema }),
    ])
    .nullable(),
  /** Pods that no controller replaces, so that they are evicted one after another. Empty: its controller rolls. */
  evicted: z.array(z.object({ name: z.string().min(1), uid: z.string().min(1) })),
  /** How many pods there were to be; for deadlines and titles. */
  pods: z.number().int(),
  waitMs: z.number().int(),
});
export type RestartDetails = z.infer<typeof restartDetailsSchema>;
export type EvictedPod = RestartDetails["evicted"][number];

export const stepIds = { check: "check", write: "write", roll: "roll" } as const;
export const evictId = (pods: readonly EvictedPod[]) => `evict-${pods[0]?.name ?? ""}`;

/** More steps than that nobody reads on a phone. */
const mostEvictionSteps = 20;

/** The pods that are evicted, one step's after another. */
export function evictionSteps({ evicted }: RestartDetails): EvictedPod[][] {
  const size = Math.max(1, Math.ceil(evicted.length / mostEvictionSteps));
  return Array.from({ length: Math.ceil(evicted.length / size) }, (_, index) =>
    evicted.slice(index * size, (index + 1) * size),
  );
}

/** The steps as people read them; `RestartRun` carries out the same ones, by the same ids. */
export function restartSteps(details: RestartDetails): PlanStep[] {
  const { write, evicted, pods } = details;
  return [
    { id: stepIds.check, title: "Look again at the pods and at who else changes them" },
    ...(write === null ? [] : [{ id: stepIds.write, title: writeTitle(write) }]),
    ...evictionSteps(details).map((group) => ({
      id: evictId(group),
      title: `Restart ${group.map(({ name }) => name).join(", then ")}, and wait until it is ready`,
    })),
    ...(evicted.length > 0
      ? []
      : [{ id: stepIds.roll, title: `See ${pods === 1 ? "the new pod" : `all ${pods} new pods`} ready` }]),
  ];
}

function writeTitle(write: NonNullable<RestartDetails["write"]>): string {
  return write.kind === "restart"
    ? "Have its controller replace the pods"
    : `Put the former version back (${write.revision})`;
}
