import { execFile, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { cp, mkdir, rename, rm } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { z } from "zod";
import { cacheDirectory } from "../../src/controlplane/binaries.ts";
import { fromModules, type Progress, runBuild } from "../../src/controlplane/build.ts";
import { whyNoIntegration } from "../integration/possible.ts";

const run = promisify(execFile);
const modules = fileURLToPath(new URL("modules", import.meta.url));
const programs = ["kstatus", "kustomize-controller"];

/** The modules whose `config/crd/bases` hold Flux's definitions, by their folder in `modules`. */
const definitions = {
  "kustomize-controller": "github.com/fluxcd/kustomize-controller",
  "source-controller": "github.com/fluxcd/source-controller",
};

/** Where the clients are, built from what `modules` pins. */
export interface Clients {
  readonly kustomizeController: string;
  readonly kstatus: string;
  /** A directory with the definitions of Flux's sources and of Kustomization. */
  readonly definitions: string;
}

/** A directory of the cache of its own for everything that `modules` says, so that no other release is taken for it. */
function place(): string {
  const hash = createHash("sha256");
  for (const file of readdirSync(modules, { recursive: true, encoding: "utf8" }).sort())
    if (/\.(mod|sum|go)$/.test(file)) hash.update(`${file}\n`).update(readFileSync(path.join(modules, file)));
  return path.join(cacheDirectory(), "gitops", hash.digest("hex").slice(0, 16));
}

const clientsIn = (directory: string): Clients => ({
  kustomizeController: path.join(directory, "kustomize-controller"),
  kstatus: path.join(directory, "kstatus"),
  definitions: path.join(directory, "definitions"),
});

/** Why this machine cannot run the tier; undefined where it can: it needs what integration needs, and Go or its cache. */
export function whyNoGitops(): string | undefined {
  const why = whyNoIntegration();
  if (why !== undefined) return why;
  if (Object.values(clientsIn(place())).every((file) => existsSync(file))) return undefined;
  const cwd = path.join(modules, "kustomize-controller");
  if (spawnSync("go", ["list", "-m"], { cwd, env: { ...process.env, GOWORK: "off" } }).status === 0) return undefined;
  return "it builds Flux's kustomize-controller from Go modules, for which no Go that is new enough is on PATH (see CONTRIBUTING.md)";
}

/** Builds the clients into the cache, once; takes minutes. Throws where it is impossible or fails. */
export async function buildClients(onProgress?: (progress: Progress) => void): Promise<Clients> {
  const directory = place();
  const command = [fromModules, modules, "none", directory, ...programs];
  const why = await runBuild(command, { what: "Flux", ...(onProgress === undefined ? {} : { onProgress }) });
  if (why !== undefined) throw new Error(`Flux's kustomize-controller cannot be built: ${why}`);
  const clients = clientsIn(directory);
  if (!existsSync(clients.definitions)) await copyDefinitions(clients.definitions);
  return clients;
}

const downloaded = z.object({ Dir: z.string() });

async function copyDefinitions(to: string): Promise<void> {
  const incomplete = `${to}.${process.pid}`;
  await mkdir(incomplete, { recursive: true });
  try {
    for (const [folder, module] of Object.entries(definitions)) {
      const where = { cwd: path.join(modules, folder), env: { ...process.env, GOWORK: "off" } };
      const { stdout } = await run("go", ["mod", "download", "-json", module], where);
      const { Dir } = downloaded.parse(JSON.parse(stdout));
      await cp(path.join(Dir, "config", "crd", "bases"), incomplete, { recursive: true });
    }
    await rename(incomplete, to);
  } finally {
    await rm(incomplete, { recursive: true, force: true });
  }
}
