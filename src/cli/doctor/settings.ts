import {
  type EdgeSettings,
  type Environment,
  readEdgeSettings,
  readWorkerSettings,
  type WorkerSettings,
} from "../../config/environment.ts";
import { problemOf } from "../../domain/errors.ts";
import { bad, type Finding, good, notChecked } from "./finding.ts";

/** The process that this environment is for: one of both, both (a laptop), or none. */
export interface DoctorSettings {
  readonly edge: EdgeSettings | null;
  readonly worker: WorkerSettings | null;
  readonly findings: readonly Finding[];
}

/** Which variable tells that an environment is meant for an edge, or for a worker. */
const telling = { edge: "HANDOVER_EDGE_KEY", worker: "HANDOVER_CLUSTER_KEY" } as const;

/** Reads the environment as the processes themselves do, so that what is wrong here is what keeps them from starting. */
export function readDoctorSettings(environment: Environment): DoctorSettings {
  const edge = read(environment, "edge", readEdgeSettings);
  const worker = read(environment, "worker", readWorkerSettings);
  return { edge: edge.settings, worker: worker.settings, findings: [edge.finding, worker.finding] };
}

function read<Settings>(
  environment: Environment,
  role: keyof typeof telling,
  readSettings: (environment: Environment) => Settings,
): { settings: Settings | null; finding: Finding } {
  const subject = `configuration: ${role}`;
  const variable = telling[role];
  if (!environment[variable] && !environment[`${variable}_FILE`]) {
    return {
      settings: null,
      finding: notChecked(subject, `${variable} is not set, so this is no ${role}'s environment`),
    };
  }
  try {
    const what = "handover.yaml and every variable are as they should be, and the key has its public half there";
    return { settings: readSettings(environment), finding: good(subject, what) };
  } catch (error) {
    const { what, next } = problemOf(error, `reading the ${role}'s configuration`);
    return { settings: null, finding: bad(subject, what, next) };
  }
}
