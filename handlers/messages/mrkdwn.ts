/**
 * Text for Slack's mrkdwn (https://docs.slack.dev/messaging/formatting-message-text). Whatever others wrote (reasons, names, errors of
 * servers) goes through `mrkdwn`, so that it can neither notify a channel nor pose as a link.
 */

/** Escapes what Slack reads as control, but for mentions of single people, which records hold on purpose. */
export function mrkdwn(text: string): string {
  const escaped = text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  return escaped.replace(/&lt;(@[UW][A-Z0-9]{2,20})&gt;/g, "<$1>");
}

/** Text in code letters; a backquote in it would end them. */
export function code(text: string): string {
  return `\`${mrkdwn(text).replaceAll("`", "'").replaceAll("\n", " ")}\``;
}

export function mention(person: { readonly userId: string }): string {
  return mrkdwn(`<@${person.userId}>`);
}

/** The time of day where the reader is; UTC where a client cannot tell. */
export function timeOfDay(atMs: number): string {
  return `<!date^${Math.floor(atMs / 1000)}^{time}|${utcTime(atMs)}>`;
}

/** “in 14 minutes (12:40)”, which stays true without being drawn again; UTC where a client cannot tell. */
export function fromNow(atMs: number): string {
  return `<!date^${Math.floor(atMs / 1000)}^{ago} ({time})|${utcTime(atMs)}>`;
}

/** Day and time where the reader is (“today at 12:40”); UTC where a client cannot tell. */
export function dateAndTime(atMs: number): string {
  const utc = `${new Date(atMs).toISOString().slice(0, 16).replace("T", " ")} UTC`;
  return `<!date^${Math.floor(atMs / 1000)}^{date_short_pretty} at {time}|${utc}>`;
}

/** `12:40 UTC` */
export function utcTime(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(11, 16)} UTC`;
}

/** At most `max` characters of ready mrkdwn, never cut in an escape, a mention, a date or a surrogate pair. */
export function clip(text: string, max: number): string {
  if (text.length <= max) return text;
  const ending = "…";
  const cut = text.slice(0, max - ending.length);
  return cut.replace(/(?:&[a-z]{0,4}|<[^<>]*|[\uD800-\uDBFF])$/, "") + ending;
}
