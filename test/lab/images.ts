import { existsSync, readFileSync } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { generateKeyPair } from "../../src/ssh/generate-key.ts";
import { digest, imageCache } from "./places.ts";
import { runCommand } from "./run-command.ts";

export const imageKinds = ["server", "dom0"] as const;
export type ImageKind = (typeof imageKinds)[number];

/** The bare machines' disks and boot files; read-only once made. */
export interface Images {
  /** Changes with the recipe. */
  readonly key: string;
  /** Opens root on every machine. */
  readonly privateKey: string;
  readonly privateKeyFile: string;
  of(kind: ImageKind): ImageFiles;
}

export interface ImageFiles {
  readonly disk: string;
  readonly kernel: string;
  readonly initrd: string;
  /** The hypervisor; of a dom0 only. */
  readonly xen: string;
}

const recipe = new URL("./image/", import.meta.url);

/** Returns the images of the present recipe, built from the machine's own apt sources when they are not there yet. */
export async function ensureImages(options: {
  readonly say: (text: string) => void;
  readonly signal?: AbortSignal;
}): Promise<Images> {
  const key = await recipeKey();
  const directory = path.join(imageCache, key);
  if (!existsSync(directory)) await build(directory, key, options);
  return imagesOf(key);
}

/** The images of a rack that runs: the recipe may have changed meanwhile. */
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

async function build(
  directory: string,
  key: string,
  { say, signal }: { readonly say: (text: string) => void; readonly signal?: AbortSignal },
): Promise<void> {
  const started = performance.now();
  say(`building images ${key} from Debian's packages (a few minutes, once)`);
  // Another process may build the same at the same time: whoever is first to rename wins.
  const draft = `${directory}.${process.pid}`;
  try {
    await mkdir(draft, { recursive: true });
    const pair = generateKeyPair("xensan-lab");
    await writeFile(path.join(draft, "key"), pair.privateKey, { mode: 0o600 });
    await writeFile(path.join(draft, "key.pub"), `${pair.publicKey}\n`);
    const sources = await aptSources();
    await Promise.all(
      imageKinds.map((kind) =>
        runCommand(
          new URL("build.sh", recipe).pathname,
          [kind, path.join(draft, kind), path.join(draft, "key.pub"), ...sources],
          { ...(signal === undefined ? {} : { signal }), logFile: path.join(draft, `${kind}.log`) },
        ),
      ),
    );
    await rename(draft, directory).catch((error: unknown) => {
      if (!existsSync(directory)) throw error;
    });
    say(`images built in ${((performance.now() - started) / 1000).toFixed(0)} s`);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/** The files in which this machine keeps Debian 12's sources; none: mmdebstrap takes Debian's own mirror. */
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
