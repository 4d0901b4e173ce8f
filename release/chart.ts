import path from "node:path";
import type { LocalRegistry } from "./registry.ts";
import { type Release, root, run } from "./run.ts";

/** Packs the chart; returns the path of `xensan-VERSION.tgz`. `helm` is the program to use. */
export async function packChart(release: Release, helm: string): Promise<string> {
  await run(helm, ["lint", "--strict", path.join(root, "helm/xensan")]);
  await run(helm, ["package", path.join(root, "helm/xensan"), "--destination", release.out]);
  return path.join(release.out, `xensan-${release.version}.tgz`);
}

/** Pushes the chart and reads it back from the registry. Returns the reference for `helm install`. */
export async function pushChart(
  release: Release,
  file: string,
  registry: LocalRegistry,
  helm: string,
): Promise<string> {
  const place = `oci://${registry.address}/charts`;
  await run(helm, ["push", file, place, "--plain-http"]);
  const reference = `${place}/xensan`;
  const shown = await run(helm, ["show", "chart", reference, "--version", release.version, "--plain-http"]);
  if (!shown.includes(`version: ${release.version}`)) throw new Error(`${reference} is not version ${release.version}`);
  return reference;
}
