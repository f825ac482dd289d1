import { App, type Logger, LogLevel, type Receiver } from "@slack/bolt";
import { registerApprove } from "../../handlers/actions/approve.ts";
import { registerDeny } from "../../handlers/actions/deny.ts";
import { registerFollowing } from "../../handlers/actions/follow.ts";
import { registerRunbook } from "../../handlers/actions/runbook.ts";
import { registerSteering } from "../../handlers/actions/steer.ts";
import { registerWithdraw } from "../../handlers/actions/withdraw.ts";
import { registerEngineCommand } from "../../handlers/commands/engine-command.ts";
import { registerHome } from "../../handlers/home/home.ts";
import type { EdgeLog, EdgeServices } from "../../handlers/services.ts";
import { registerAcceptance } from "../../handlers/views/acceptance.ts";
import { registerDenial } from "../../handlers/views/denial.ts";
import { registerForm } from "../../handlers/views/form.ts";
import { engineSchema } from "../domain/target.ts";

/** The Slack app, the same for every runtime: only its receiver differs. */
export function createEdgeApp(receiver: Receiver, services: EdgeServices): App {
  const app = new App({
    receiver,
    // Fixed, so that no auth.test is called before the first answer. Nothing is sent with this client: the Chat port sends.
    authorize: async () => ({ botId: "handover", botUserId: "handover" }),
    logger: boltLogger(services.log),
    convoStore: false,
    ignoreSelf: false,
  });
  for (const engine of engineSchema.options) registerEngineCommand(app, services, engine);
  registerApprove(app, services);
  registerDeny(app, services);
  registerWithdraw(app, services);
  registerSteering(app, services);
  registerFollowing(app, services);
  registerRunbook(app);
  registerAcceptance(app, services);
  registerForm(app, services);
  registerHome(app, services);
  registerDenial(app, services);
  return app;
}

/** Bolt's own lines: what it warns of, and nothing below. */
function boltLogger(log: EdgeLog): Logger {
  return {
    debug: () => undefined,
    info: () => undefined,
    warn: (...texts) => log.warn({ from: "bolt" }, texts.map(String).join(" ")),
    error: (...texts) => log.error({ from: "bolt" }, texts.map(String).join(" ")),
    setLevel: () => undefined,
    getLevel: () => LogLevel.WARN,
    setName: () => undefined,
  };
}
