import type { ImageSpec } from "./archive.ts";
import { libraryCopies } from "./shared-libraries.ts";

export const COREDNS_IMAGE = "handover.test/coredns:1";

export async function corednsImage(program: string): Promise<ImageSpec> {
  return {
    name: COREDNS_IMAGE,
    copies: new Map([...(await libraryCopies(program)), [program, "/usr/local/bin/coredns"]]),
    entrypoint: ["/usr/local/bin/coredns"],
  };
}
