/**
 * Container images made without a container engine: a layer from files of this machine, written as a docker archive
 * (https://github.com/moby/docker-image-spec/blob/main/spec.md), which `ctr images import` reads.
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { chmod, cp, mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { command } from "../machine/command.ts";

export interface ImageSpec {
  /** With registry and tag, such as `handover.test/dolt:1`, so that no one looks for it elsewhere. */
  readonly name: string;
  /** From a path of this machine, a folder with all below it or a file, to an absolute path in the image. */
  readonly copies: ReadonlyMap<string, string>;
  /** Small files by their absolute path in the image, with their mode. */
  readonly texts?: ReadonlyMap<string, { readonly text: string; readonly mode: number }>;
  readonly entrypoint: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** `UID:GID`; root when missing. */
  readonly user?: string;
  readonly workingFolder?: string;
}

const DEFAULT_PATH = "/usr/local/bin:/usr/bin:/bin";

/** Writes the image's archive into `folder` and gives its path. */
export async function writeImageArchive(spec: ImageSpec, folder: string): Promise<string> {
  const shortName = (spec.name.split("/").at(-1) ?? spec.name).replaceAll(":", "-");
  const staging = join(folder, shortName);
  const files = join(staging, "files");
  const content = join(staging, "content");
  await mkdir(content, { recursive: true });
  await stage(spec, files);
  const layer = join(content, "layer.tar");
  await tar(files, layer);
  const config = JSON.stringify(imageConfig(spec, await sha256(layer)));
  const configFile = `${createHash("sha256").update(config).digest("hex")}.json`;
  await writeFile(join(content, configFile), config);
  await writeFile(
    join(content, "manifest.json"),
    JSON.stringify([{ Config: configFile, RepoTags: [spec.name], Layers: ["layer.tar"] }]),
  );
  const archive = join(folder, `${shortName}.tar`);
  await tar(content, archive);
  await rm(staging, { recursive: true });
  return archive;
}

async function stage(spec: ImageSpec, files: string): Promise<void> {
  for (const folder of ["tmp", "etc", "usr/local/bin"]) {
    await mkdir(join(files, folder), { recursive: true });
  }
  await chmod(join(files, "tmp"), 0o1777);
  for (const [from, to] of spec.copies) {
    await mkdir(dirname(join(files, to)), { recursive: true });
    // A library is often a link to its versioned name; the image holds the file under the name the loader asks for.
    await cp(from, join(files, to), { recursive: true, dereference: true });
  }
  for (const [path, { text, mode }] of spec.texts ?? []) {
    await mkdir(dirname(join(files, path)), { recursive: true });
    await writeFile(join(files, path), text, { mode });
  }
}

function imageConfig(spec: ImageSpec, layerDigest: string) {
  const environment = { PATH: DEFAULT_PATH, ...spec.environment };
  return {
    architecture: process.arch === "x64" ? "amd64" : process.arch,
    os: "linux",
    config: {
      Entrypoint: spec.entrypoint,
      Env: Object.entries(environment).map(([name, value]) => `${name}=${value}`),
      ...(spec.user === undefined ? {} : { User: spec.user }),
      ...(spec.workingFolder === undefined ? {} : { WorkingDir: spec.workingFolder }),
    },
    rootfs: { type: "layers", diff_ids: [`sha256:${layerDigest}`] },
  };
}

/** Everything belongs to root and has one time, whatever it has on this machine. */
async function tar(folder: string, archive: string): Promise<void> {
  await command("tar", ["--numeric-owner", "--owner=0", "--group=0", "--mtime=@0", "-C", folder, "-cf", archive, "."]);
}

async function sha256(file: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file), hash);
  return hash.digest("hex");
}
