import { readdir, readFile, stat } from "node:fs/promises";
import path from "node:path";
import type { KubernetesObject, V1ObjectMeta } from "@kubernetes/client-node";
import { parseAllDocuments } from "yaml";
import { z } from "zod";

const headerSchema = z.looseObject({
  apiVersion: z.string().min(1),
  kind: z.string().min(1),
  metadata: z.looseObject({ name: z.string().min(1), namespace: z.string().min(1).optional() }),
});

/** A Kubernetes object in a file: its header is checked here, the rest by the API server. */
export interface Manifest extends KubernetesObject {
  apiVersion: string;
  kind: string;
  metadata: V1ObjectMeta & { name: string };
}

/** Every object in a YAML or JSON file, or in all such files under a directory, in the order of their names. */
export async function readManifests(where: string): Promise<Manifest[]> {
  const files = await manifestFiles(where);
  const manifests: Manifest[] = [];
  for (const file of files) manifests.push(...parseManifests(await readFile(file, "utf8"), file));
  if (manifests.length === 0) throw new Error(`${where} contains no Kubernetes objects`);
  return manifests;
}

/** The documents of one YAML or JSON file, with Lists expanded; throws an Error that names the file and the problem. */
export function parseManifests(text: string, file: string): Manifest[] {
  return parseAllDocuments(text).flatMap((document, index) => {
    const [error] = document.errors;
    if (error !== undefined) throw new Error(`${file}: ${error.message}`);
    const value: unknown = document.toJS();
    if (value === null || value === undefined) return [];
    if (isManifest(value)) return [value];
    const { error: why } = headerSchema.safeParse(value);
    throw new Error(
      `${file}: document ${index + 1} is not a Kubernetes object: ${why === undefined ? "" : z.prettifyError(why)}`,
    );
  });
}

function isManifest(value: unknown): value is Manifest {
  return headerSchema.safeParse(value).success;
}

async function manifestFiles(where: string): Promise<string[]> {
  const found = await stat(where).catch(() => {
    throw new Error(`file or directory ${where} does not exist`);
  });
  if (found.isFile()) return [where];
  const entries = await readdir(where, { recursive: true });
  return (
    entries
      // A kustomization file is not a manifest.
      .filter((entry) => /\.(ya?ml|json)$/.test(entry) && !/^kustomization\.ya?ml$/.test(path.basename(entry)))
      .sort()
      .map((entry) => path.join(where, entry))
  );
}

/** `AoeVolume san/data` */
export function describeManifest({ kind, metadata }: Manifest): string {
  return metadata.namespace === undefined
    ? `${kind} ${metadata.name}`
    : `${kind} ${metadata.namespace}/${metadata.name}`;
}
