import { readFileSync } from "node:fs";
import { getAsset, isSea } from "node:sea";
import { z } from "zod";

/** The version in package.json, which a single binary contains. */
export function programVersion(): string {
  const text = isSea()
    ? getAsset("package.json", "utf8")
    : readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return z.object({ version: z.string() }).parse(JSON.parse(text)).version;
}
