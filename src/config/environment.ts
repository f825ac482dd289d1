import { existsSync, readFileSync } from "node:fs";
import { hostname } from "node:os";
import { z } from "zod";
import type { DoltLogin } from "../domain/dolt-access.ts";
import { fail } from "../domain/errors.ts";
import { principalsOf } from "../domain/policy/judging.ts";
import { readSigningKey, type SigningKey } from "../domain/signing.ts";
import { readCrateLogin, readDoltLogin } from "./dolt-login.ts";
import { type Configuration, readConfiguration } from "./handover-yaml.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** What every edge takes from its environment, the configuration read. */
export interface CommonEdgeSettings {
  readonly redisUrl: string;
  readonly slack: SlackSettings;
  readonly edgeKey: SigningKey;
  readonly configuration: Configuration;
  /** The address to listen on; every interface by default. */
  readonly host: string;
  /** 0: a free one. */
  readonly port: number;
  readonly logLevel: LogLevel;
}

/** An edge that Slack reaches over HTTP. */
export interface EdgeSettings extends CommonEdgeSettings {
  readonly slack: SlackSettings & { readonly signingSecret: string };
}

/** An edge that opens the connection itself (Socket Mode); on its port only its health is served. */
export interface SocketEdgeSettings extends CommonEdgeSettings {
  /** `xapp-…`, with the scope connections:write: whoever holds it gets a share of what people type and click. */
  readonly appToken: string;
}

/** What a worker takes from its environment, the configuration read. */
export interface WorkerSettings {
  readonly redisUrl: string;
  readonly slack: SlackSettings;
  readonly cluster: string;
  readonly clusterKey: SigningKey;
  readonly workerId: string;
  readonly namespaces: readonly string[];
  readonly configuration: Configuration;
  /** For targets that name no Secret of their own. */
  readonly doltLogin: DoltLogin | null;
  readonly crateLogin: DoltLogin | null;
  /** How long a worker that fell silent keeps its target's lease. */
  readonly leaseSeconds: number;
  /** Null: the policy names nobody by PagerDuty. */
  readonly pagerDuty: PagerDutySettings | null;
  /** Where health and metrics are served; 0: a free port. */
  readonly healthPort: number;
  readonly logLevel: LogLevel;
}

/** What reading the audit takes: Redis, and, to check signatures, the configuration where there is one. */
export interface AuditSettings {
  readonly redisUrl: string;
  readonly configuration: Configuration | null;
}

export interface PagerDutySettings {
  readonly token: string;
  /** Europe's accounts have another than the rest of the world's. */
  readonly apiUrl: string;
}

export interface SlackSettings {
  readonly botToken: string;
  /** Slack's Web API; another address for tests and the demo. */
  readonly apiUrl: string;
}

export const logLevels = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;
export type LogLevel = (typeof logLevels)[number];

/** Variables that hold secrets: each may be a file instead, named in `NAME_FILE`, as mounted Secrets are. */
const secrets = [
  "REDIS_URL",
  "SLACK_SIGNING_SECRET",
  "SLACK_BOT_TOKEN",
  "SLACK_APP_TOKEN",
  "HANDOVER_EDGE_KEY",
  "HANDOVER_CLUSTER_KEY",
  "HANDOVER_PAGERDUTY_TOKEN",
] as const;

/** Where handover.yaml is looked for when no variable says so. */
const defaultConfiguration = "handover.yaml";

const text = z.string().min(1);
const port = z.coerce.number().int().min(0).max(65_535);
const redisUrl = z.string().regex(/^rediss?:\/\/\S+$/, "is not the address of a Redis (redis://… or rediss://…)");
const webAddress = z.string().regex(/^https?:\/\/\S+$/, "is not a web address");
const signingKey = text.transform((key, context): SigningKey => {
  try {
    return readSigningKey(key);
  } catch {
    context.addIssue("is not an Ed25519 private key (PKCS #8: PEM, or base64 of its DER)");
    return z.NEVER;
  }
});

const common = {
  REDIS_URL: redisUrl,
  SLACK_BOT_TOKEN: text,
  SLACK_API_URL: webAddress.default("https://slack.com/api/"),
  HANDOVER_CONFIG: text.optional(),
  HANDOVER_CONFIG_YAML: text.optional(),
  HANDOVER_LOG_LEVEL: z.enum(logLevels).default("info"),
};

const configurationVariables = z.object({
  HANDOVER_CONFIG: text.optional(),
  HANDOVER_CONFIG_YAML: text.optional(),
});

const auditSchema = configurationVariables.extend({ REDIS_URL: redisUrl });

const commonEdge = {
  ...common,
  HANDOVER_EDGE_KEY: signingKey,
  HOST: text.default("0.0.0.0"),
  PORT: port.default(3000),
};

const edgeSchema = z.object({
  ...commonEdge,
  SLACK_SIGNING_SECRET: text,
});

const socketEdgeSchema = z.object({
  ...commonEdge,
  SLACK_APP_TOKEN: z.string().regex(/^xapp-\S+$/, "is not an app-level token (xapp-…)"),
});

const workerSchema = z.object({
  ...common,
  HANDOVER_CLUSTER: text,
  HANDOVER_CLUSTER_KEY: signingKey,
  HANDOVER_WORKER_ID: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,126}$/)
    .optional(),
  HANDOVER_NAMESPACES: z
    .string()
    .transform((names) => names.split(",").map((name) => name.trim()))
    .pipe(z.array(z.string().regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/)).min(1)),
  HANDOVER_LEASE_SECONDS: z.coerce.number().int().min(5).max(300).default(15),
  HANDOVER_HEALTH_PORT: port.default(8080),
  HANDOVER_PAGERDUTY_TOKEN: text.optional(),
  HANDOVER_PAGERDUTY_API_URL: webAddress.default("https://api.pagerduty.com"),
});

/** Who is who, asked by a command line with a worker's tokens. */
const lookUpSchema = workerSchema.pick({
  SLACK_BOT_TOKEN: true,
  SLACK_API_URL: true,
  HANDOVER_PAGERDUTY_TOKEN: true,
  HANDOVER_PAGERDUTY_API_URL: true,
});

/** @throws {HandoverError} `configuration_invalid`; it names variables, never their values */
export function readEdgeSettings(environment: Environment): EdgeSettings {
  const values = readVariables(environment, edgeSchema);
  const settings = commonEdgeSettings(values);
  return { ...settings, slack: { ...settings.slack, signingSecret: values.SLACK_SIGNING_SECRET } };
}

/** @throws {HandoverError} `configuration_invalid`; it names variables, never their values */
export function readSocketEdgeSettings(environment: Environment): SocketEdgeSettings {
  const values = readVariables(environment, socketEdgeSchema);
  return { ...commonEdgeSettings(values), appToken: values.SLACK_APP_TOKEN };
}

function commonEdgeSettings(values: Omit<z.infer<typeof edgeSchema>, "SLACK_SIGNING_SECRET">): CommonEdgeSettings {
  const configuration = loadConfiguration(values);
  return {
    redisUrl: values.REDIS_URL,
    slack: { botToken: values.SLACK_BOT_TOKEN, apiUrl: values.SLACK_API_URL },
    edgeKey: knownKey(values.HANDOVER_EDGE_KEY, "HANDOVER_EDGE_KEY", configuration.edge.publicKeys, "edge.publicKeys"),
    configuration,
    host: values.HOST,
    port: values.PORT,
    logLevel: values.HANDOVER_LOG_LEVEL,
  };
}

/** @throws {HandoverError} `configuration_invalid`; it names variables, never their values */
export function readWorkerSettings(environment: Environment): WorkerSettings {
  const values = readVariables(environment, workerSchema);
  const configuration = loadConfiguration(values);
  const cluster = configuration.clusters.find(({ name }) => name === values.HANDOVER_CLUSTER);
  if (cluster === undefined) throw invalid("HANDOVER_CLUSTER is not the name of a cluster in handover.yaml");
  const place = `the publicKey of cluster ${cluster.name}`;
  return {
    redisUrl: values.REDIS_URL,
    slack: { botToken: values.SLACK_BOT_TOKEN, apiUrl: values.SLACK_API_URL },
    cluster: cluster.name,
    clusterKey: knownKey(values.HANDOVER_CLUSTER_KEY, "HANDOVER_CLUSTER_KEY", [cluster.publicKey], place),
    workerId: values.HANDOVER_WORKER_ID ?? hostname(),
    namespaces: values.HANDOVER_NAMESPACES,
    configuration,
    doltLogin: readDoltLogin(environment),
    crateLogin: readCrateLogin(environment),
    leaseSeconds: values.HANDOVER_LEASE_SECONDS,
    pagerDuty: pagerDutySettings(values, configuration),
    healthPort: values.HANDOVER_HEALTH_PORT,
    logLevel: values.HANDOVER_LOG_LEVEL,
  };
}

/** @throws {HandoverError} `configuration_invalid`; it names variables, never their values */
export function readAuditSettings(environment: Environment): AuditSettings {
  const values = readVariables(environment, auditSchema);
  const isNamed = values.HANDOVER_CONFIG !== undefined || values.HANDOVER_CONFIG_YAML !== undefined;
  const isThere = isNamed || existsSync(defaultConfiguration);
  return { redisUrl: values.REDIS_URL, configuration: isThere ? loadConfiguration(values) : null };
}

/** A policy by which nobody could ever be found out is no policy: it is said at the start, and not at night. */
function pagerDutySettings(
  values: Pick<z.infer<typeof workerSchema>, "HANDOVER_PAGERDUTY_TOKEN" | "HANDOVER_PAGERDUTY_API_URL">,
  { policy }: Configuration,
): PagerDutySettings | null {
  const { HANDOVER_PAGERDUTY_TOKEN: token, HANDOVER_PAGERDUTY_API_URL: apiUrl } = values;
  if (token !== undefined) return { token, apiUrl };
  if (!principalsOf(policy).some(({ kind }) => kind.startsWith("pagerduty_"))) return null;
  throw invalid("HANDOVER_PAGERDUTY_TOKEN is not set, and the policy names people by PagerDuty");
}

/** The configuration that a command line was told of by its path, or else as every process finds it. @throws {HandoverError} `configuration_invalid` */
export function readConfigurationOf(environment: Environment, file: string | null): Configuration {
  const values = readVariables(environment, configurationVariables);
  return loadConfiguration(file === null ? values : { HANDOVER_CONFIG: file });
}

/** What asking who is who takes. */
export interface LookUpSettings {
  readonly slack: { readonly botToken: string; readonly apiUrl: string };
  readonly pagerDuty: PagerDutySettings | null;
}

/** @throws {HandoverError} `configuration_invalid`; it names variables, never their values */
export function readLookUpSettings(environment: Environment): LookUpSettings {
  const values = readVariables(environment, lookUpSchema);
  const { HANDOVER_PAGERDUTY_TOKEN: token, HANDOVER_PAGERDUTY_API_URL: apiUrl } = values;
  return {
    slack: { botToken: values.SLACK_BOT_TOKEN, apiUrl: values.SLACK_API_URL },
    pagerDuty: token === undefined ? null : { token, apiUrl },
  };
}

function readVariables<Schema extends z.ZodObject>(environment: Environment, schema: Schema): z.infer<Schema> {
  const resolved = { ...environment };
  for (const name of secrets) if (name in schema.shape) resolved[name] = secretOf(environment, name);
  const present = Object.fromEntries(
    Object.entries(resolved).filter(([, value]) => value !== undefined && value !== ""),
  );
  const parsed = schema.safeParse(present);
  if (parsed.success) return parsed.data;
  throw invalid(...parsed.error.issues.map((issue) => issueText(issue, present)));
}

/** A missing variable is said to be missing; of a wrong one only what is expected is told. */
function issueText(issue: z.core.$ZodIssue, present: Readonly<Record<string, unknown>>): string {
  const name = String(issue.path[0]);
  if (present[name] === undefined) return `${name} is not set`;
  return `${name} ${issue.code === "custom" || issue.message.startsWith("is ") ? issue.message : `is not valid (${issue.code})`}`;
}

function secretOf(environment: Environment, name: string): string | undefined {
  const file = environment[`${name}_FILE`];
  if (file === undefined || file === "") return environment[name];
  if (environment[name]) throw invalid(`${name} and ${name}_FILE are both set; one of them has to go`);
  try {
    return readFileSync(file, "utf8").trim();
  } catch (cause) {
    throw invalid(`${name}_FILE names a file that cannot be read (${codeOf(cause)})`);
  }
}

function loadConfiguration(values: {
  HANDOVER_CONFIG?: string | undefined;
  HANDOVER_CONFIG_YAML?: string | undefined;
}) {
  const { HANDOVER_CONFIG: file, HANDOVER_CONFIG_YAML: yaml } = values;
  if (yaml !== undefined) {
    if (file !== undefined)
      throw invalid("HANDOVER_CONFIG and HANDOVER_CONFIG_YAML are both set; one of them has to go");
    return readConfiguration(yaml, "HANDOVER_CONFIG_YAML");
  }
  const path = file ?? defaultConfiguration;
  try {
    return readConfiguration(readFileSync(path, "utf8"), path);
  } catch (error) {
    if (!(error instanceof Error) || !("code" in error)) throw error;
    throw invalid(`${path} cannot be read (${codeOf(error)}); HANDOVER_CONFIG says where it is`);
  }
}

/** A key that the others do not know would sign what nobody accepts. */
function knownKey(key: SigningKey, variable: string, publicKeys: readonly string[], place: string): SigningKey {
  if (publicKeys.includes(key.publicKeyText)) return key;
  throw invalid(`${variable} does not belong to ${place} in handover.yaml`);
}

function invalid(...issues: string[]) {
  return fail("configuration_invalid", { file: "The environment", issues });
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "unreadable";
}
