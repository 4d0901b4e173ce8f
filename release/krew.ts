import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { stringify } from "yaml";
import { platforms } from "./binary.ts";
import { digestOf } from "./checksums.ts";
import type { Release } from "./run.ts";

/** Writes the manifest for krew's index (krew: "Writing Krew plugin manifests"). Returns its path. */
export async function writeKrewManifest(release: Release): Promise<string> {
  const base = `${release.repository}/releases/download/v${release.version}`;
  const manifest = {
    apiVersion: "krew.googlecontainertools.github.com/v1alpha2",
    kind: "Plugin",
    metadata: { name: "xensan" },
    spec: {
      version: `v${release.version}`,
      homepage: release.repository,
      shortDescription: "Migrate, drain and explain Xen domains on AoE storage",
      description:
        "Commands for a rack that the operator xensan manages: migrate a domain, drain a host,\nsay why an object waits, show the topology of SAN, file systems, hosts and domains.",
      platforms: await Promise.all(
        platforms.map(async ({ os, arch }) => {
          const name = `xensan_${release.version}_${os}_${arch}.tar.gz`;
          return {
            selector: { matchLabels: { os, arch } },
            uri: `${base}/${name}`,
            sha256: digestOf(await readFile(path.join(release.out, name))),
            bin: "kubectl-xensan",
          };
        }),
      ),
    },
  };
  const file = path.join(release.out, "xensan.yaml");
  await writeFile(file, stringify(manifest));
  return file;
}
