import { fail } from "../../domain/errors.ts";
import { exitCodes } from "../exit-codes.ts";
import type { SideCommand, SideSurroundings } from "../side-commands.ts";
import { readSideWords } from "../side-words.ts";
import { webClock } from "./clock-checks.ts";
import { type Finding, lookedAt, notChecked } from "./finding.ts";
import { kubernetesFindings } from "./kubernetes-checks.ts";
import { peopleFindings } from "./people-checks.ts";
import { redisFindings } from "./redis-checks.ts";
import { type DoctorSettings, readDoctorSettings } from "./settings.ts";
import { clusterChannels, edgeAnswers, slackToken } from "./slack-checks.ts";

const usage = "doctor [--edge https://HOST/slack/events] [--kubeconfig FILE] [--json]";
/** For all of it: whatever hangs is told as not answering. */
const deadlineMs = 30_000;

/**
 * `npx handover doctor`: looks, in the environment of an edge or of a worker, at everything that they rely on, and says of
 * each thing that is not good how to mend it. It changes nothing. Exit code 1 when something is bad.
 */
export const doctorCommand: SideCommand = {
  word: "doctor",
  help: [[usage, "look at everything that an edge or a worker relies on, and say how to mend what is not good"]],
  async run(words, surroundings) {
    const options = { edge: "text", kubeconfig: "text", json: "switch" } as const;
    const typed = readSideWords(words, { usage: `npx handover ${usage}`, options });
    const address = typed.text("edge");
    if (address !== null && !URL.canParse(address)) {
      throw fail("flag_value", {
        flag: "--edge",
        given: address,
        expected: "the edge's address, https://HOST/slack/events",
      });
    }
    const settings = readDoctorSettings(surroundings.environment);
    const findings = [
      ...settings.findings,
      ...(await look(settings, { address, kubeconfig: typed.text("kubeconfig") }, surroundings)),
    ];
    const json = typed.isSet("json");
    surroundings.terminal.out(json ? `${JSON.stringify(findings, null, 2)}\n` : reportText(findings));
    return findings.some(({ state }) => state === "bad") ? exitCodes.failed : exitCodes.done;
  },
};

async function look(
  { edge, worker }: DoctorSettings,
  { address, kubeconfig }: { readonly address: string | null; readonly kubeconfig: string | null },
  { clock, signal: interrupted }: SideSurroundings,
): Promise<readonly Finding[]> {
  const signal = AbortSignal.any([interrupted, AbortSignal.timeout(deadlineMs)]);
  const nowMs = () => clock.nowMs();
  const either = worker ?? edge;
  if (either === null) return [];
  const { slack, configuration, redisUrl } = either;
  const at = { slack, configuration };
  const parts = await Promise.all([
    lookedAt("Slack: bot token", () => slackToken(at, signal)),
    lookedAt("Slack: channels", () => clusterChannels(at, signal)),
    lookedAt("clocks: Slack", () => slackClock(slack.apiUrl, nowMs, signal)),
    lookedAt("Redis", () => redisFindings({ redisUrl, configuration, ownCluster: worker?.cluster ?? null }, nowMs)),
    lookedAt("edge", () => edgeFindings(edge, address, nowMs(), signal)),
    worker === null ? [] : lookedAt("people", () => peopleFindings(worker, clock, signal)),
    worker === null ? [] : lookedAt("Kubernetes", () => kubernetesFindings(worker, kubeconfig, signal)),
  ]);
  interrupted.throwIfAborted();
  return parts.flat();
}

async function slackClock(apiUrl: string, nowMs: () => number, signal: AbortSignal): Promise<readonly Finding[]> {
  const finding = await webClock("Slack", `${apiUrl}api.test`, nowMs, signal);
  return [finding ?? notChecked("clocks: Slack", "Slack's answer told no time")];
}

async function edgeFindings(
  edge: DoctorSettings["edge"],
  address: string | null,
  nowMs: number,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const subject = "edge: signing secret and commands";
  if (edge === null) return [notChecked(subject, "SLACK_SIGNING_SECRET belongs to the edge's environment")];
  if (address === null) {
    const mend =
      "npx handover doctor --edge https://HOST/slack/events, with the address that stands behind each command at api.slack.com/apps";
    return [notChecked(subject, "the edge's address was not given", mend)];
  }
  return await edgeAnswers(address, edge.slack.signingSecret, nowMs, signal);
}

const signs = { good: "✓", warning: "!", bad: "✗", not_checked: "–" } as const;

function reportText(findings: readonly Finding[]): string {
  const lines = findings.flatMap(({ subject, state, what, mend }) => [
    `${signs[state]} ${subject}: ${what}`,
    ...(mend === undefined ? [] : [`    → ${mend}`]),
  ]);
  const count = (state: Finding["state"]) => findings.filter((finding) => finding.state === state).length;
  const sum = `${count("good")} good, ${count("warning")} to look at, ${count("bad")} bad, ${count("not_checked")} not checked`;
  return `${[...lines, "", sum].join("\n")}\n`;
}
