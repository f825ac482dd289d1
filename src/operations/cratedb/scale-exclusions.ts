import { excludeNameSetting } from "../../ports/crate-settings.ts";
import { asked } from "./crate-calls.ts";
import { excludedNames, uniteExclusions } from "./exclusions.ts";
import { type ScaleWork, surely } from "./scale-work.ts";

/**
 * Adds these names to what the cluster excludes, at both levels, TRANSIENT first: a transient value hides a persistent one, and
 * the persistent one makes a full restart in the middle safe. What others exclude stays. Safe to do twice, and done even where
 * the names are seen already: they may stand at one level only.
 */
export async function excludeNodes(work: ScaleWork, names: readonly string[]): Promise<void> {
  const { session, context } = work;
  await surely(work, async () => {
    const options = session.options(context.signal);
    const settings = { [excludeNameSetting]: uniteExclusions(await excluded(work), names) };
    await session.database.setGlobal("transient", settings, options);
    await session.database.setGlobal("persistent", settings, options);
  });
}

/**
 * Takes these names out at both levels, and nobody else's. PERSISTENT first: as long as the names are seen, it is not done at
 * one of them. Safe to do twice.
 */
export async function includeNodes(work: ScaleWork, names: readonly string[]): Promise<void> {
  if (names.length === 0) return;
  const { session, context } = work;
  await surely(work, async () => {
    const options = session.options(context.signal);
    const now = excludedNames(await excluded(work));
    const left = now.filter((name) => !names.includes(name));
    if (left.length === now.length) return;
    if (left.length === 0) return await session.database.resetGlobal([excludeNameSetting], options);
    const settings = { [excludeNameSetting]: left.join(",") };
    await session.database.setGlobal("persistent", settings, options);
    await session.database.setGlobal("transient", settings, options);
  });
}

/** Whether all of these are excluded by their names, as far as SQL shows it. */
export function areExcluded(value: string | null, names: readonly string[]): boolean {
  const now = new Set(excludedNames(value));
  return names.every((name) => now.has(name));
}

async function excluded({ session, context }: ScaleWork): Promise<string | null> {
  const options = session.options(context.signal);
  const { settings } = await asked("asking for the settings", session.database.state(options));
  return settings.filters.exclude._name ?? null;
}
