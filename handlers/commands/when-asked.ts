import type { ParsedCommand } from "../../src/domain/command-line.ts";
import { problem } from "../../src/domain/errors.ts";
import type { Person } from "../../src/domain/people.ts";
import type { Schedule } from "../../src/domain/schedule.ts";
import { type Read, readStartTime, scheduleFor } from "../../src/domain/start-time.ts";
import { timeZoneOf } from "../../src/domain/wall-clock.ts";
import type { OperationDefinition } from "../../src/operations/catalogue.ts";
import { ChatError } from "../../src/ports/chat.ts";
import type { Budget } from "../budget.ts";
import type { ClusterServices, EdgeServices } from "../services.ts";

/** What is shown, and meant, where nobody knows where the person is. */
const usualTimeZone = "UTC";

/**
 * When a command's `--at` or `--in` wants it to begin, in the zone that was typed, else in that of the person's Slack profile, else
 * in the configured one, else in UTC; shown back with the zone, so that nobody has to guess. Null: as soon as it is approved.
 * @throws {HandoverError} `redis_away`
 */
export async function whenAsked(
  { extras, definition }: Pick<ParsedCommand<OperationDefinition>, "extras" | "definition">,
  person: Person,
  cluster: Pick<ClusterServices, "requests">,
  services: Pick<EdgeServices, "people" | "home" | "log">,
  budget: Budget,
): Promise<Read<Schedule | null>> {
  const typed = (name: string) => (typeof extras[name] === "string" ? { [name]: extras[name] } : {});
  const read = readStartTime({ ...typed("at"), ...typed("in"), ...typed("window") });
  if (!read.ok || read.value === null) return read.ok ? { ok: true, value: null } : read;
  const start = read.value;
  if (!definition.changesTarget) {
    return {
      ok: false,
      problem: problem("time_unclear", { given: start.asked, why: "what only looks is answered now" }),
    };
  }
  const timeZone = start.kind === "at" && start.timeZone !== null ? start.timeZone : null;
  const [zone, nowMs] = await Promise.all([
    timeZone ?? timeZoneOfPerson(person, services, budget),
    // By the clock that starts it: this machine's may be another.
    cluster.requests.nowMs(),
  ]);
  return scheduleFor(start, zone, nowMs);
}

/** A guess that is shown back: a Slack that does not say it is no reason to refuse. */
async function timeZoneOfPerson(
  person: Person,
  { people, home, log }: Pick<EdgeServices, "people" | "home" | "log">,
  budget: Budget,
): Promise<string> {
  const configured = timeZoneOf(home.timeZone ?? "") ?? usualTimeZone;
  try {
    const { timeZone } = await people.look(person, budget.slackSignal());
    return timeZoneOf(timeZone ?? "") ?? configured;
  } catch (error) {
    if (!(error instanceof ChatError)) throw error;
    log.info({ slack: error.slackError }, "a person's time zone could not be had in time");
    return configured;
  }
}
