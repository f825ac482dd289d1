/** Slack shows a date (`<!date^1392734382^{time}|06:39 UTC>`) as the reader's own; local-slack knows none, so it gets the fallback. */
export function withShownDates(json: string): string {
  return json.replaceAll(/<!date\^\d+\^[^|>"]*\|([^>"]*)>/g, "$1");
}
