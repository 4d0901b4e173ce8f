import path from "node:path";
import type { LocalRegistry } from "./registry.ts";
import { type Release, run } from "./run.ts";

/**
 * Builds the operator's image for this machine's architecture, and writes it as `xensan_VERSION_image.tar`. Returns its
 * path.
 */
export async function packImage(release: Release): Promise<string> {
  const tag = `xensan:${release.version}`;
  const labels = {
    VERSION: release.version,
    REVISION: release.revision,
    CREATED: release.created,
    SOURCE: release.repository,
  };
  const args = Object.entries(labels).flatMap(([name, value]) => ["--build-arg", `${name}=${value}`]);
  await run("docker", ["build", "--quiet", "--tag", tag, ...args, "."]);
  const file = path.join(release.out, `xensan_${release.version}_image.tar`);
  await run("docker", ["save", "--output", file, tag]);
  return file;
}

/** Pushes the image; returns its reference by digest, for `image.digest` of the chart. */
export async function pushImage(release: Release, file: string, registry: LocalRegistry): Promise<string> {
  const reference = `${registry.address}/xensan:${release.version}`;
  await run(registry.crane, ["push", "--insecure", file, reference]);
  return `${registry.address}/xensan@${await run(registry.crane, ["digest", "--insecure", reference])}`;
}
