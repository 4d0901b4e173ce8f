import { existsSync, readFileSync } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { generateKeyPair } from "../generate-key.ts";
import { digest, imageCache } from "./places.ts";
import { runCommand } from "./run-command.ts";

export const imageKinds = ["server", "dom0"] as const;
export type ImageKind = (typeof imageKinds)[number];

/** The bare machines' disks and boot files; read-only once made. */
export interface Images {
  /** Changes with the recipe. */
  readonly key: string;
  /** Logs in as root on every machine. */
  readonly privateKey: string;
  readonly privateKeyFile: string;
  of(kind: ImageKind): ImageFiles;
}

export interface ImageFiles {
  readonly disk: string;
  readonly kernel: string;
  readonly initrd: string;
  /** The hypervisor; only for a dom0. */
  readonly xen: string;
}

const recipe = new URL("./image/", import.meta.url);

/** Returns the images of the present recipe, built from the machine's own apt sources when they do not exist yet. */
export async function ensureImages(options: {
  readonly kinds: ReadonlySet<ImageKind>;
  readonly say: (text: string) => void;
  readonly signal?: AbortSignal;
}): Promise<Images> {
  const key = await recipeKey();
  const directory = path.join(imageCache, key);
  await ensureKeyPair(directory);
  const missing = [...options.kinds].filter((kind) => !existsSync(path.join(directory, kind)));
  if (missing.length > 0) await build(directory, missing, options);
  return imagesOf(key);
}

/** The images of a running rack: the recipe may have changed meanwhile. */
export function imagesOf(key: string): Images {
  const directory = path.join(imageCache, key);
  const privateKeyFile = path.join(directory, "key");
  return {
    key,
    privateKey: readFileSync(privateKeyFile, "utf8"),
    privateKeyFile,
    of(kind) {
      const at = (name: string) => path.join(directory, kind, name);
      return { disk: at("disk.qcow2"), kernel: at("vmlinuz"), initrd: at("initrd"), xen: at("xen") };
    },
  };
}

async function recipeKey(): Promise<string> {
  const names = (await readdir(recipe)).sort();
  const texts = await Promise.all(names.map((name) => readFile(new URL(name, recipe), "utf8")));
  return digest([...names, ...texts]);
}

/** Another process may make the same at the same time: the first to rename wins. */
async function settle(draft: string, place: string): Promise<void> {
  await rename(draft, place).catch((error: unknown) => {
    if (!existsSync(place)) throw error;
  });
  await rm(draft, { recursive: true, force: true });
}

/** One key pair opens all machines of a recipe. */
async function ensureKeyPair(directory: string): Promise<void> {
  if (existsSync(directory)) return;
  const draft = `${directory}.${process.pid}`;
  await mkdir(draft, { recursive: true });
  const pair = generateKeyPair("xensan-lab");
  await writeFile(path.join(draft, "key"), pair.privateKey, { mode: 0o600 });
  await writeFile(path.join(draft, "key.pub"), `${pair.publicKey}\n`);
  await settle(draft, directory);
}

async function build(
  directory: string,
  kinds: readonly ImageKind[],
  { say, signal }: { readonly say: (text: string) => void; readonly signal?: AbortSignal },
): Promise<void> {
  const started = performance.now();
  say(`building images from Debian's packages (${kinds.join(", ")}; a minute or two, once)`);
  const sources = await aptSources();
  await Promise.all(
    kinds.map(async (kind) => {
      const draft = path.join(directory, `${kind}.${process.pid}`);
      try {
        await runCommand(
          new URL("build.sh", recipe).pathname,
          [kind, draft, path.join(directory, "key.pub"), ...sources],
          { ...(signal === undefined ? {} : { signal }), logFile: path.join(directory, `${kind}.log`) },
        );
        await settle(draft, path.join(directory, kind));
      } finally {
        await rm(draft, { recursive: true, force: true });
      }
    }),
  );
  say(`images built in ${((performance.now() - started) / 1000).toFixed(0)} s`);
}

/** The files with this machine's sources for Debian 12; if there are none, mmdebstrap uses Debian's own mirror. */
async function aptSources(): Promise<string[]> {
  const files = ["/etc/apt/sources.list"];
  const parts = "/etc/apt/sources.list.d";
  if (existsSync(parts)) files.push(...(await readdir(parts)).map((name) => path.join(parts, name)));
  return files.filter((file) => {
    if (!/\.(list|sources)$/.test(file) || !existsSync(file)) return false;
    const text = readFileSync(file, "utf8").replaceAll(/^\s*#.*$/gm, "");
    return /\sbookworm(-security|-updates)?\s/.test(text) && /\smain(\s|$)/.test(text) && /debian/.test(text);
  });
}
