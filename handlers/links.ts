import type { RequestRecord } from "../src/domain/request.ts";
import type { Budget } from "./budget.ts";
import type { ListedRequest } from "./messages/lists.ts";
import type { ClusterServices, EdgeServices } from "./services.ts";

/** How many links one answer asks Slack for, all at once. */
const mostLinks = 12;

/**
 * Finds where each request's message stands. Never throws: a list without links is still a list. Slack is asked for all of them at
 * once, within what is left of the time.
 */
export async function withLinks(
  listed: readonly { readonly record: RequestRecord; readonly cluster: ClusterServices }[],
  services: Pick<EdgeServices, "chat" | "log">,
  budget: Budget,
): Promise<ListedRequest[]> {
  return Promise.all(
    listed.map(async ({ record, cluster }, index) => {
      const link = index < mostLinks ? await linkTo(record, cluster, services, budget) : null;
      return { record, link };
    }),
  );
}

async function linkTo(
  record: RequestRecord,
  cluster: ClusterServices,
  services: Pick<EdgeServices, "chat" | "log">,
  budget: Budget,
): Promise<string | null> {
  try {
    const face = await cluster.faces.read(record.id);
    if (face === null || face.ts === null) return null;
    return await services.chat.permalink(face.channelId, face.ts, budget.slackSignal());
  } catch (error) {
    services.log.info({ requestId: record.id, err: error }, "no link to a request could be had in time");
    return null;
  }
}
