import type { RequestRecord } from "../../src/domain/request.ts";
import type { HomeView } from "../../src/ports/chat.ts";
import { actions, type Block, context, limits, longList, plainText, section } from "../messages/blocks.ts";
import { type ClusterState, clusterLine, freezeLines, type ListedRequest, requestLine } from "../messages/lists.ts";
import { code, mrkdwn } from "../messages/mrkdwn.ts";

export const refreshActionId = "handover_home_refresh";

/** What one person's Home tab shows. */
export interface HomeContent {
  /** What waits for this person's approval. */
  readonly waiting: readonly ListedRequest[];
  /** What else is under way. */
  readonly open: readonly ListedRequest[];
  readonly recent: readonly ListedRequest[];
  readonly clusters: readonly ClusterState[];
  /** By the clock of whoever drew it. */
  readonly drawnAtMs: number;
}

/** What waits, runs and ran, what is frozen, and whether the workers live. Nothing is decided here: each line leads to its message. */
export function homeView(content: HomeContent): HomeView {
  const { waiting, open, recent, clusters, drawnAtMs } = content;
  const freezes = clusters.flatMap((cluster) => cluster.freezes);
  const blocks = [
    ...part("Waiting for you", waiting.map(lineOf), "Nothing waits for your approval."),
    ...part("Under way", open.map(lineOf), "Nothing else is under way."),
    ...(freezes.length === 0 ? [] : part("Frozen", freezeLines(freezes), "")),
    ...part("Clusters", clusters.map(clusterLine), "No cluster is configured."),
    ...part("Lately", recent.map(lineOf), "Nothing else was asked for in the last 30 days."),
    actions(`home-${drawnAtMs}`, [refreshButton]),
    context(
      `As of ${drawnText(drawnAtMs)} · ${code("/handover help")} · ${code("/dolt help")} · ${code("/crate help")}`,
    ),
  ];
  return { type: "home", blocks: blocks.slice(0, limits.modalBlocks) };
}

/** While Redis does not answer. */
export function brokenHomeView(why: string, drawnAtMs: number): HomeView {
  return { type: "home", blocks: [section(`🚫 ${mrkdwn(why)}`), actions(`home-${drawnAtMs}`, [refreshButton])] };
}

const refreshButton: Block = {
  type: "button",
  action_id: refreshActionId,
  text: plainText("Refresh", limits.buttonText),
};

function part(heading: string, lines: readonly string[], none: string): Block[] {
  const header = { type: "header", text: plainText(heading, limits.headerText) };
  return [header, ...(lines.length === 0 ? [context(none)] : longList("", lines))];
}

function lineOf({ record, link }: { readonly record: RequestRecord; readonly link: string | null }): string {
  return requestLine(record, link);
}

function drawnText(atMs: number): string {
  const utc = new Date(atMs).toISOString().slice(11, 19);
  return `<!date^${Math.floor(atMs / 1000)}^{time_secs}|${utc} UTC>`;
}
