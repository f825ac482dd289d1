import { nearestWord } from "../nearest-word.ts";
import { distinctPrincipals, type Principal, principalOfText, principalText } from "../principals.ts";
import type { Whom } from "./rule.ts";
import type { WrittenGroup } from "./written.ts";

/** Says what is wrong where, by the path in handover.yaml. */
export type Complain = (path: readonly (string | number)[], message: string) => void;

/** The groups of handover.yaml by name, without the `@`. */
export type Groups = ReadonlyMap<string, readonly Principal[]>;

/** Names that Slack reads as a whole channel or workspace. */
const reserved = new Set(["channel", "here", "everyone"]);

export function readGroups(written: Readonly<Record<string, WrittenGroup>>, complain: Complain): Groups {
  return new Map(
    Object.entries(written).map(([name, group]) => {
      const path = ["groups", name];
      if (reserved.has(name.toLowerCase())) complain(path, "is what Slack calls all people of a channel or workspace");
      return [name, distinctPrincipals(membersOf(group, path, complain))];
    }),
  );
}

function membersOf(group: WrittenGroup, path: readonly (string | number)[], complain: Complain): Principal[] {
  if (Array.isArray(group)) return people(group, path, complain);
  const { users, usergroup, pagerduty } = group;
  const { schedule, escalationPolicy, level } = pagerduty ?? {};
  const named: Principal[] = [];
  if (usergroup !== undefined) named.push({ kind: "usergroup", id: usergroup });
  if (schedule !== undefined) named.push({ kind: "pagerduty_schedule", id: schedule });
  if (escalationPolicy !== undefined) named.push(escalationLevel(escalationPolicy, level));
  else if (level !== undefined)
    complain([...path, "pagerduty", "level"], "is of an escalationPolicy, and none is named");
  if (users !== undefined) named.push(...people(users, [...path, "users"], complain));
  if (named.length === 0)
    complain(path, "names nobody: it needs users, usergroup, or pagerduty with schedule or escalationPolicy");
  return named;
}

/** The first level is named by naming none, so that it is one principal however it is written. */
function escalationLevel(id: string, level: number | undefined): Principal {
  const kind = "pagerduty_escalation_policy";
  return level === undefined || level === 1 ? { kind, id } : { kind, id, level };
}

function people(texts: readonly string[], path: readonly (string | number)[], complain: Complain): Principal[] {
  return texts.flatMap((text, index) => {
    const principal = principalOfText(text);
    if (principal !== null) return [principal];
    const why = text.startsWith("@") ? "a group cannot hold another group" : notAPerson;
    complain([...path, index], `“${text}”: ${why}`);
    return [];
  });
}

/** Whom these texts of a rule name: users, addresses, usergroups, and groups of `groups:` as `@name`. */
export function readWhom(
  texts: readonly string[],
  groups: Groups,
  path: readonly (string | number)[],
  complain: Complain,
): Whom {
  const names: string[] = [];
  const principals = texts.flatMap((text, index) => {
    const found = principalsOfText(text, groups);
    if ("objection" in found) {
      complain([...path, index], `“${text}”: ${found.objection}`);
      return [];
    }
    names.push(found.name);
    return found.principals;
  });
  return { text: namesText(names), principals: distinctPrincipals(principals) };
}

export function principalsOfText(
  text: string,
  groups: Groups,
): { readonly name: string; readonly principals: readonly Principal[] } | { readonly objection: string } {
  if (text.startsWith("@")) {
    const group = groups.get(text.slice(1));
    return group === undefined ? { objection: noSuchGroup(text.slice(1), groups) } : { name: text, principals: group };
  }
  const principal = principalOfText(text);
  if (principal !== null) return { name: principalText(principal), principals: [principal] };
  return { objection: groups.has(text) ? `write @${text} for the group of that name` : notAPerson };
}

const notAPerson =
  "is not the id of a user (U…), an e-mail address or the id of a Slack usergroup (S…). Handles can be renamed, and then name others; give it a name of your own in `groups:` and write @name";

function noSuchGroup(name: string, groups: Groups): string {
  const known = [...groups.keys()];
  const near = nearestWord(name, known);
  if (near !== null) return `is no group of \`groups:\`; did you mean @${near}?`;
  const list = known.length === 0 ? "there are none" : `there are ${known.map((one) => `@${one}`).join(", ")}`;
  return `is no group of \`groups:\`; ${list}`;
}

/** More names than this are counted, not told. */
const mostNames = 4;

function namesText(names: readonly string[]): string {
  if (names.length <= mostNames) return names.join(" or ");
  const told = names.slice(0, mostNames - 1);
  return `${told.join(", ")} or ${names.length - told.length} others`;
}
