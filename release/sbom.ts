import { writeFile } from "node:fs/promises";
import path from "node:path";
import { type Release, run } from "./run.ts";

/**
 * Writes the contents of the package and the image, as CycloneDX and as SPDX: every npm package with version and
 * digest.
 */
export async function writeSbom(release: Release): Promise<string[]> {
  const files = [];
  for (const [format, suffix] of [
    ["cyclonedx", "cdx"],
    ["spdx", "spdx"],
  ] as const) {
    const file = path.join(release.out, `xensan_${release.version}.${suffix}.json`);
    const sbom = await run("npm", ["sbom", "--omit=dev", "--package-lock-only", `--sbom-format=${format}`]);
    await writeFile(file, `${sbom}\n`);
    files.push(file);
  }
  return files;
}
