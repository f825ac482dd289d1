import type { RequestRecord } from "../../src/domain/request.ts";
import { dashboardFor, runbookFor } from "../../src/domain/target.ts";
import { type Block, context } from "./blocks.ts";
import { dashboardActionId, type FaceLink, isLinkable, runbookActionId } from "./buttons.ts";
import { mrkdwn } from "./mrkdwn.ts";

/** As many dashboards as a phone shows without scrolling. */
const mostDashboards = 5;

/** Where a request's message leads: what the target's annotations name for the operation, else what the policy does. */
export function linksOf({ target, operation, rule }: RequestRecord): readonly FaceLink[] {
  const runbook = runbookFor(target, operation) ?? rule.runbook ?? null;
  const annotated = dashboardFor(target, operation);
  const dashboards = [...(annotated === null ? [] : [{ title: "Dashboard", url: annotated }]), ...rule.dashboards];
  return [
    ...(runbook === null ? [] : [{ actionId: runbookActionId, label: "Runbook", url: runbook }]),
    ...dashboards
      .slice(0, mostDashboards)
      .map(({ title, url }, index) => ({ actionId: `${dashboardActionId}${index}`, label: title, url })),
  ];
}

/** What is no address that Slack opens (“wiki: orders”), as text. */
export function linkTexts(links: readonly FaceLink[]): readonly Block[] {
  const texts = links.filter(({ url }) => !isLinkable(url)).map(({ label, url }) => `${mrkdwn(label)}: ${mrkdwn(url)}`);
  return texts.length === 0 ? [] : [context(...texts)];
}
