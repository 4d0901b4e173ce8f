import { createHash } from "node:crypto";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { cacheDirectory } from "../../src/controlplane/binaries.ts";
import { tutorialRack } from "../../src/sim/rack-file.ts";

/** Where the lab keeps its files. Images and clean machines stay in a cache; a rack has a directory of its own. */
export const imageCache = path.join(cacheDirectory(), "lab", "images");
export const cleanCache = path.join(cacheDirectory(), "lab", "clean");

/** The rack that `npm run lab` uses: XENSAN_LAB_DIR, else one per user. */
export function commonRackDirectory(env: NodeJS.ProcessEnv = process.env): string {
  const given = env.XENSAN_LAB_DIR;
  return given === undefined || given === "" ? path.join(cacheDirectory(env), "lab", "rack") : path.resolve(given);
}

export const projectRoot = fileURLToPath(new URL("../../", import.meta.url));

/** The racks of the stories. */
export const rackFiles = {
  Xen: fileURLToPath(tutorialRack),
  Plain: fileURLToPath(new URL("racks/plain.yaml", import.meta.url)),
  Disks: fileURLToPath(new URL("racks/disks.yaml", import.meta.url)),
  Wide: fileURLToPath(new URL("racks/wide.yaml", import.meta.url)),
} as const;

/** Ten hexadecimal digits that change when any part does. */
export function digest(parts: readonly string[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(`${part.length}:${part}`);
  return hash.digest("hex").slice(0, 10);
}

/** An error that a user can fix; printed without a stack trace. */
export class LabError extends Error {
  override readonly name = "LabError";
}

/** This machine cannot run the lab. Programs then end with 69 (EX_UNAVAILABLE), which tells it from a failure. */
export class UnavailableError extends LabError {
  readonly exitCode = 69;
}
