import { aptInstall, canUseApt } from "./apt.mjs";
import { findProgram, isExecutable } from "./programs.mjs";

/** Browsers that the DevTools protocol drives, in the order of preference. */
const browserNames = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/** Says what to install, for every place that needs a browser and finds none. */
export const chromiumAdvice =
  "Install chromium (Debian: apt-get install chromium), or name the program in HANDOVER_CHROMIUM.";

/**
 * The path of a Chromium, or null.
 * @param {NodeJS.ProcessEnv} [environment]
 * @returns {string | null}
 */
export function findChromium(environment = process.env) {
  const named = environment.HANDOVER_CHROMIUM;
  if (named) return isExecutable(named) ? named : null;
  return findProgram(browserNames, environment.PATH);
}

/**
 * As {@link findChromium}, installing it from Debian's packages where that can be done. A font comes along: without one
 * every letter of a screenshot is a box.
 * @returns {string}
 * @throws {Error} saying what to install
 */
export function ensureChromium() {
  const found = findChromium();
  if (found !== null) return found;
  if (process.env.HANDOVER_CHROMIUM)
    throw new Error(`HANDOVER_CHROMIUM names ${process.env.HANDOVER_CHROMIUM}, which is no program.`);
  if (!canUseApt()) throw new Error(`No Chromium was found. ${chromiumAdvice}`);
  console.log("Installing chromium with apt-get …");
  try {
    aptInstall(["chromium", "fonts-liberation", "fonts-noto-color-emoji"]);
  } catch (cause) {
    throw new Error(`No Chromium was found, and it could not be installed. ${chromiumAdvice}`, { cause });
  }
  const path = findChromium();
  if (path === null) throw new Error(`apt-get installed chromium, but it is not on the PATH. ${chromiumAdvice}`);
  return path;
}
