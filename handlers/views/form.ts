import type { App, ViewResponseAction } from "@slack/bolt";
import { z } from "zod";
import { problem, problemOf } from "../../src/domain/errors.ts";
import { decidingRule } from "../../src/domain/policy/matching.ts";
import { type AnnouncedTarget, type Engine, findTargets, targetText } from "../../src/domain/target.ts";
import type { OperationDefinition } from "../../src/operations/catalogue.ts";
import { ChatError, type ChatMessage, type ModalView } from "../../src/ports/chat.ts";
import { Budget } from "../budget.ts";
import { type AnnouncedCluster, readAnnounced } from "../commands/announced.ts";
import { ask } from "../commands/ask.ts";
import { slackGrammar } from "../commands/grammars.ts";
import { problemMessage } from "../messages/problems.ts";
import { trustedPerson } from "../person.ts";
import type { EdgeServices } from "../services.ts";
import { commandOf, type FormErrors, readFields } from "./form-command.ts";
import {
  answeredForm,
  choiceForm,
  type FormMetadata,
  fields,
  formCallbackIds,
  formMetadataSchema,
  mostOptions,
  optionsForm,
  placeholderForm,
  targetOption,
} from "./form-view.ts";

/** What a submitted page is answered with (https://docs.slack.dev/surfaces/modals#response_actions). */
export type FormAnswer =
  | { readonly response_action: "update"; readonly view: ModalView }
  | { readonly response_action: "errors"; readonly errors: FormErrors };

/** Of a `view_submission` payload (https://docs.slack.dev/reference/interaction-payloads/view-interactions-payload). */
const submissionSchema = z.object({
  user: z.object({ id: z.string().min(1), team_id: z.string().min(1).optional() }),
  enterprise: z.object({ id: z.string().min(1) }).nullish(),
  view: z.object({
    id: z.string().min(1),
    root_view_id: z.string().min(1).nullish(),
    private_metadata: z.string(),
    state: z.object({ values: z.record(z.string(), z.record(z.string(), z.unknown())) }),
  }),
});
type Submission = z.infer<typeof submissionSchema>;

/** For opening the form and filling it; Slack wants the acknowledgement within 3 s. */
export const formBudgetMs = 2_500;

/** Bolt wants blocks of its own types, where Slack takes whatever is a block. */
const ackable = z.custom<ViewResponseAction>((answer) => typeof answer === "object");

/** The pages of the form behind `/dolt` without words. Acknowledged last: a frozen Lambda finishes nothing. */
export function registerForm(app: App, services: EdgeServices): void {
  const pages = [
    [formCallbackIds.choice, answerChoice],
    [formCallbackIds.options, answerOptions],
  ] as const;
  for (const [callbackId, answer] of pages) {
    app.view(callbackId, async ({ body, ack }) => {
      await ack(ackable.parse(await answer(body, services)));
    });
  }
}

/**
 * Opens the form: first a placeholder, because the trigger is good for 3 s, then what there is.
 * @returns what only the person sees, when no form could be opened; null otherwise
 * @throws {HandoverError} `redis_away`
 */
export async function openForm(
  asked: { readonly engine: Engine; readonly channelId: string; readonly triggerId: string },
  services: EdgeServices,
  budget: Budget,
): Promise<ChatMessage | null> {
  const metadata = { engine: asked.engine, channelId: asked.channelId };
  try {
    const signal = budget.slackSignal();
    const { viewId } = await services.modals.open(asked.triggerId, placeholderForm(metadata), signal);
    await services.modals.update(viewId, await choiceFor(metadata, services), budget.slackSignal());
    return null;
  } catch (error) {
    if (!(error instanceof ChatError)) throw error;
    services.log.warn({ slack: error.slackError }, "the form could not be shown");
    return problemMessage(problem("form_not_opened", { slackError: error.slackError }));
  }
}

async function choiceFor(metadata: FormMetadata, services: EdgeServices): Promise<ModalView> {
  try {
    const announced = await readAnnounced(services);
    return choiceForm(metadata, operationsFor(metadata.engine, announced), targetsFor(metadata.engine, announced));
  } catch (error) {
    return answeredForm(metadata, problemMessage(problemOf(error, "filling the form")));
  }
}

/** The first page was submitted. Never throws. */
export async function answerChoice(payload: unknown, services: EdgeServices): Promise<FormAnswer> {
  return await answered(payload, services, async (submission, metadata) => {
    const announced = await readAnnounced(services);
    const values = readFields(submission.view.state.values);
    const definition = operationsFor(metadata.engine, announced).find(
      ({ name }) => name === values.text(fields.operation),
    );
    if (definition === undefined) return errors({ [fields.operation]: "Choose what to do." });
    const found = findChosen(values.text(fields.target), metadata.engine, announced);
    if (typeof found === "string") return errors({ [fields.target]: found });
    const chosen = { operation: definition.name, target: targetText(found) };
    return update(optionsForm({ ...metadata, chosen }, definition, found, whatItAsks(definition, found, services)));
  });
}

/** The second page was submitted: from here on it is a typed command. Never throws. */
export async function answerOptions(payload: unknown, services: EdgeServices): Promise<FormAnswer> {
  return await answered(payload, services, async (submission, metadata) => {
    const { chosen, engine, channelId } = metadata;
    const definition = slackGrammar(engine).definitions.find(({ name }) => name === chosen?.operation);
    if (chosen === undefined || definition === undefined) throw new Error("the form has lost what was chosen");
    const command = commandOf(
      definition,
      chosen.target,
      readFields(submission.view.state.values),
      slackGrammar(engine),
    );
    if (!command.ok) return errors(command.errors);
    const person = personOf(submission, services);
    if (person === null) return update(answeredForm(metadata, problemMessage(stranger)));
    // Sent a second time, it is the same form, and the same request.
    const deliveryId = `form:${submission.view.root_view_id ?? submission.view.id}:${submission.view.id}`;
    const message = await ask(
      { engine, person, channelId, text: command.text, deliveryId },
      services,
      new Budget(services.clock),
    );
    return update(answeredForm({ engine, channelId }, message));
  });
}

const stranger = problem("person_not_trusted", { why: "it belongs to another workspace" });

async function answered(
  payload: unknown,
  services: EdgeServices,
  answer: (submission: Submission, metadata: FormMetadata) => Promise<FormAnswer>,
): Promise<FormAnswer> {
  let metadata: FormMetadata = { engine: "dolt", channelId: "none" };
  try {
    const submission = submissionSchema.parse(payload);
    metadata = formMetadataSchema.parse(JSON.parse(submission.view.private_metadata));
    return await answer(submission, metadata);
  } catch (error) {
    const why = problemOf(error, "answering the form");
    services.log.error({ problem: why.code, err: error }, "a form was not carried out");
    return update(answeredForm(metadata, problemMessage(why)));
  }
}

function personOf({ user, enterprise }: Submission, services: EdgeServices) {
  const actor = { userId: user.id, teamId: user.team_id ?? null, enterpriseId: enterprise?.id ?? null };
  return trustedPerson(actor, services.home);
}

/** The target, or what is wrong with what was given. */
function findChosen(given: string, engine: Engine, announced: readonly AnnouncedCluster[]): AnnouncedTarget | string {
  const targets = targetsFor(engine, announced);
  const [byOption] = targets.filter((target) => targetOption(target) === given);
  if (byOption !== undefined && targets.length <= mostOptions) return byOption;
  const [found, ...others] = findTargets(targets, engine, given);
  if (found === undefined) return "There is no target of that name (any more).";
  if (others.length > 0)
    return `Several are called that: ${[found, ...others].map(targetText).join(", ")}`.slice(0, 500);
  return found;
}

/** What some living worker can do; where none lives, all of it, so that the answer can say so. */
function operationsFor(engine: Engine, announced: readonly AnnouncedCluster[]): readonly OperationDefinition[] {
  const { definitions } = slackGrammar(engine);
  const known = new Set(announced.flatMap((at) => (at.isAlive ? [...at.operations] : [])));
  return known.size === 0 ? definitions : definitions.filter(({ name }) => known.has(name));
}

function targetsFor(engine: Engine, announced: readonly AnnouncedCluster[]): AnnouncedTarget[] {
  return announced
    .flatMap((at) => at.targets)
    .filter((target) => target.engine === engine)
    .toSorted((a, b) => targetText(a).localeCompare(targetText(b)));
}

function whatItAsks(definition: OperationDefinition, target: AnnouncedTarget, services: Pick<EdgeServices, "policy">) {
  const rule = decidingRule(services.policy, definition.name, target);
  if (rule === null) return { reasonRequired: false, approvals: "The policy lets nobody ask for this here." };
  const needed = rule.requirements.map(({ count, of }) => `${count} of ${of}`).join(" and ");
  const approvals = needed === "" ? "No approval is needed." : `Needs the approval of ${needed}.`;
  return { reasonRequired: rule.reasonRequired, approvals };
}

function update(view: ModalView): FormAnswer {
  return { response_action: "update", view };
}

function errors(byField: FormErrors): FormAnswer {
  return { response_action: "errors", errors: byField };
}
