import { DATA_PATH } from "../../../sandbox/dolt-manifests.ts";
import type { ImageSpec } from "./archive.ts";
import { libraryCopies } from "./shared-libraries.ts";

export const DOLT_IMAGE = "handover.test/dolt:1";

/** While a file of this name lies on a pod's volume, its server ends at each start: how a crash loop is ordered. */
export const CRASH_ORDER_FILE = ".crash-at-start";

const SHELL = "/bin/sh";
const PROGRAM = "/usr/local/libexec/dolt";

/** Stands in front of the server as `dolt`; `exec` makes the server the container's first process again. */
const LAUNCHER = `#!${SHELL}
if [ "$1" = sql-server ] && [ -e ${DATA_PATH}/${CRASH_ORDER_FILE} ]; then
  echo "ordered to crash at start" >&2
  exit 1
fi
exec ${PROGRAM} "$@"
`;

export async function doltImage(program: string): Promise<ImageSpec> {
  return {
    name: DOLT_IMAGE,
    copies: new Map([...(await libraryCopies(program, SHELL)), [SHELL, SHELL], [program, PROGRAM]]),
    texts: new Map([
      ["/usr/local/bin/dolt", { text: LAUNCHER, mode: 0o755 }],
      ["/etc/passwd", { text: `root:x:0:0:root:/root:${SHELL}\n`, mode: 0o644 }],
    ]),
    entrypoint: ["/usr/local/bin/dolt"],
    workingFolder: DATA_PATH,
  };
}
