import { type Browser, chromium } from "playwright-core";
import { findChromium } from "../../../bin/support/chromium.mjs";

/** The browser of this machine; null where there is none, and browser tests are skipped. */
export const chromiumPath = findChromium();

/**
 * Launches a headless Chromium that also runs as root and talks to nobody but the pages it is given. Its profile is a temporary
 * folder that goes with it; it ends when this process does, because it is driven through a pipe.
 */
export function launchChromium(): Promise<Browser> {
  if (chromiumPath === null) throw new Error("There is no Chromium here; skip the test by chromiumPath.");
  return chromium.launch({
    executablePath: chromiumPath,
    headless: true,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}
