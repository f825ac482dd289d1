import { z } from "zod";
import { isOpen, type RequestRecord, requestRecordSchema } from "../../domain/request.ts";
import { nextDeadlineMs } from "../../domain/transitions/waiting.ts";
import {
  type AuditEvent,
  answersSecondPress,
  deliveryRemembersMs,
  pressRemembersMs,
  type RequestCreation,
  type RequestStore,
} from "../../ports/request-store.ts";
import { version } from "../../version.ts";
import type { RedisConnection } from "./connection.ts";
import type { ClusterKeys } from "./keys.ts";
import {
  auditScript,
  clockScript,
  compareAndSetScript,
  createScript,
  listIndexScript,
  readScript,
  restoreScript,
} from "./request-scripts.ts";
import { type RedisScript, runScript } from "./script.ts";
import { readStored } from "./stored-text.ts";

/** How long a settled request can still be looked at. */
export const settledRetentionMs = 30 * 24 * 60 * 60_000;

const clockReply = z.number();
const createReply = z.union([z.tuple([z.literal(1)]), z.tuple([z.literal(0), z.string(), clockReply])]);
const readReply = z.tuple([z.string().nullable(), clockReply]);
const listReply = z.tuple([z.array(z.string()), clockReply]);
const flagReply = z.union([z.literal(0), z.literal(1)]);

/** The records of one cluster in Redis. */
export class RedisRequestStore implements RequestStore {
  readonly #connection: RedisConnection;
  readonly #keys: ClusterKeys;

  constructor(connection: RedisConnection, keys: ClusterKeys) {
    this.#connection = connection;
    this.#keys = keys;
  }

  async create(
    request: RequestCreation,
  ): Promise<{ kind: "created" | "existing"; record: RequestRecord; nowMs: number }> {
    const nowMs = await this.nowMs();
    const record = request.build(nowMs);
    const keys = [...this.#writeKeys(record), this.#keys.delivery(request.deliveryId), this.#keys.press(record)];
    const args = [
      ...writeArguments(record, request.audit),
      this.#keys.recordPrefix,
      deliveryRemembersMs,
      pressRemembersMs,
    ];
    const reply = createReply.parse(await runScript(this.#connection, createScript, keys, args));
    if (reply[0] === 1) return { kind: "created", record, nowMs };
    const existing = readStored(this.#keys.recordPrefix, reply[1], requestRecordSchema);
    return { kind: "existing", record: existing, nowMs: reply[2] };
  }

  async read(id: string): Promise<{ record: RequestRecord; nowMs: number } | null> {
    const key = this.#keys.record(id);
    const [text, nowMs] = readReply.parse(await runScript(this.#connection, readScript, [key], []));
    return text === null ? null : { record: readStored(key, text, requestRecordSchema), nowMs };
  }

  async compareAndSet(next: RequestRecord, audit: AuditEvent): Promise<boolean> {
    return (await this.#write(compareAndSetScript, next, audit)) === 1;
  }

  async restore(record: RequestRecord, audit: AuditEvent): Promise<void> {
    await this.#write(restoreScript, record, audit);
  }

  async audit(event: AuditEvent): Promise<void> {
    await runScript(this.#connection, auditScript, [this.#keys.audit], [auditText(event)]);
  }

  async unsettled(): Promise<{ ids: string[]; nowMs: number }> {
    return await this.#list(this.#keys.unsettled);
  }

  async undrawn(): Promise<string[]> {
    return (await this.#list(this.#keys.undrawn)).ids;
  }

  async nowMs(): Promise<number> {
    return clockReply.parse(await runScript(this.#connection, clockScript, [], []));
  }

  async #list(index: string): Promise<{ ids: string[]; nowMs: number }> {
    const reply = await runScript(this.#connection, listIndexScript, [index], [this.#keys.recordPrefix]);
    const [ids, nowMs] = listReply.parse(reply);
    return { ids, nowMs };
  }

  async #write(script: RedisScript, record: RequestRecord, audit: AuditEvent): Promise<0 | 1> {
    const reply = await runScript(this.#connection, script, this.#writeKeys(record), writeArguments(record, audit));
    return flagReply.parse(reply);
  }

  #writeKeys(record: RequestRecord): string[] {
    const keys = this.#keys;
    const indexes = [keys.unsettled, keys.undrawn, keys.audit, keys.face(record.id)];
    return [keys.record(record.id), keys.open(record), ...indexes, keys.recent, keys.recentOf(record.target)];
  }
}

/** The fields beside the text are what scripts judge by, so that no script has to read JSON. */
function writeArguments(record: RequestRecord, audit: AuditEvent): (string | number)[] {
  return [
    record.id,
    record.revision,
    flag(!isOpen(record)),
    flag(answersSecondPress(record)),
    record.expiresAtMs ?? "",
    record.story.length,
    record.updatedAtMs,
    JSON.stringify(record),
    auditText(audit),
    settledRetentionMs,
    nextDeadlineMs(record) ?? "+inf",
  ];
}

function flag(value: boolean): string {
  return value ? "1" : "0";
}

/** As it is kept: with the version of the process that wrote it. */
function auditText(event: AuditEvent): string {
  return JSON.stringify({ ...event, version });
}
