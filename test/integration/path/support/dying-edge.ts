/**
 * The edge, but for one thing: it ends itself by SIGKILL where it would wake a worker for what DIE_AT_WAKE names. The record
 * is written then, and nobody has been told of it.
 */
import { z } from "zod";
import { QueueWakeUp } from "../../../../queue/producer.ts";
import { readEdgeSettings } from "../../../../src/config/environment.ts";
import { startEdgeServer } from "../../../../src/edge/node-server.ts";
import { openEdge } from "../../../../src/edge/services.ts";
import type { WakeUpKind } from "../../../../src/ports/wake-up.ts";

const moment = z.enum(["plan", "execute"]).parse(process.env.DIE_AT_WAKE);

class DyingWakeUp extends QueueWakeUp {
  override async wake(kind: WakeUpKind, requestId: string, revision: number): Promise<void> {
    if (kind === moment) process.kill(process.pid, "SIGKILL");
    await super.wake(kind, requestId, revision);
  }
}

const settings = readEdgeSettings(process.env);
const edge = openEdge(settings, (redis, cluster) => new DyingWakeUp(redis, cluster));
const { host, port } = settings;
const server = await startEdgeServer({ receiver: edge.receiver, host, port, log: edge.log });
edge.log.info({ host, port: server.port }, "the edge listens");
