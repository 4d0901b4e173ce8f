import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { cacheDirectory } from "../../src/controlplane/binaries.ts";
import { fromModules, type Progress, runBuild } from "../../src/controlplane/build.ts";

const modules = fileURLToPath(new URL("modules", import.meta.url));

/** A directory of the cache of its own for everything that `modules` says, so that no other release is taken for it. */
function place(): string {
  const hash = createHash("sha256");
  for (const file of readdirSync(modules, { recursive: true, encoding: "utf8" }).sort())
    if (/\.(mod|sum|go)$/.test(file)) hash.update(`${file}\n`).update(readFileSync(path.join(modules, file)));
  return path.join(cacheDirectory(), "gitops", hash.digest("hex").slice(0, 16));
}

/** Why this machine cannot run the tier; undefined where it can: it needs Go, or what an earlier run has built. */
export function whyNoGitops(): string | undefined {
  if (existsSync(path.join(place(), "kstatus"))) return undefined;
  const where = { cwd: path.join(modules, "kstatus"), env: { ...process.env, GOWORK: "off" } };
  if (spawnSync("go", ["list", "-m"], where).status === 0) return undefined;
  return "it builds kstatus from Go modules, for which no Go that is new enough is on PATH (see CONTRIBUTING.md)";
}

/** Builds kstatus from what `modules` pins into the cache, once, and answers its path. Throws where that fails. */
export async function buildKstatus(onProgress: (progress: Progress) => void): Promise<string> {
  const directory = place();
  const why = await runBuild([fromModules, modules, "none", directory, "kstatus"], { what: "kstatus", onProgress });
  if (why !== undefined) throw new Error(`kstatus cannot be built: ${why}`);
  return path.join(directory, "kstatus");
}
