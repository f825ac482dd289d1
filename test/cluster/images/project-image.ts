import { mkdtemp, readFile } from "node:fs/promises";
import { join } from "node:path";
import { build, type EntryName } from "../../../bin/build.mjs";
import { findNode24 } from "../../../bin/support/node24.mjs";
import { repositoryRoot } from "../../../bin/support/repository.mjs";
import type { ImageSpec } from "./archive.ts";
import { libraryCopies } from "./shared-libraries.ts";

export const PROJECT_IMAGE = "handover.test/handover:1";

/** What the Dockerfile bundles. */
const BUNDLES: readonly EntryName[] = ["worker", "edge-node", "edge-socket", "cli"];
const SHELL = "/bin/sh";
/** The Dockerfile's `USER`. */
const USER = "65532:65532";

/**
 * The project's own image, as the Dockerfile makes it, without a container engine: Node 24 with the libraries that it
 * loads in the place of the base image; the bundles, the entry point and the user are the Dockerfile's.
 * @param folder where the bundles are written
 */
export async function projectImage(folder: string): Promise<ImageSpec> {
  const bundles = await mkdtemp(join(folder, "bundles-"));
  await build(BUNDLES, bundles);
  return nodeImage({
    name: PROJECT_IMAGE,
    copies: new Map([
      ...BUNDLES.map((name) => [join(bundles, `${name}.mjs`), `/app/dist/${name}.mjs`] as const),
      [join(repositoryRoot, "package.json"), "/app/package.json"],
    ]),
    texts: new Map([
      [
        "/usr/local/bin/handover",
        { text: await readFile(join(repositoryRoot, "bin/container-entry.sh"), "utf8"), mode: 0o755 },
      ],
    ]),
    entrypoint: ["/usr/local/bin/handover"],
  });
}

/** An image with Node 24 and a shell, and what is added to them; runs as the Dockerfile's user in /app. */
export async function nodeImage(
  addition: Pick<ImageSpec, "name" | "copies" | "texts" | "entrypoint">,
): Promise<ImageSpec> {
  const node = findNode24(repositoryRoot);
  return {
    ...addition,
    copies: new Map([
      ...(await libraryCopies(node, SHELL)),
      [SHELL, SHELL],
      [node, "/usr/local/bin/node"],
      ...addition.copies,
    ]),
    environment: { NODE_ENV: "production" },
    user: USER,
    workingFolder: "/app",
  };
}
