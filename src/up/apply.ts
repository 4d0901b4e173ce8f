import { ApiException, type KubeConfig, KubernetesObjectApi, PatchStrategy } from "@kubernetes/client-node";
import { z } from "zod";
import { describeManifest, type Manifest } from "../cli/manifests.ts";
import { patiently } from "./patiently.ts";

const fieldManager = "xensan-up";

class ObjectApi extends KubernetesObjectApi {
  /** Undefined when the API server does not know the kind. */
  async isNamespaced({ apiVersion, kind }: Manifest): Promise<boolean | undefined> {
    try {
      return (await this.resource(apiVersion, kind))?.namespaced;
    } catch (error) {
      if (error instanceof ApiException && error.code === 404) return undefined;
      throw error;
    }
  }
}

/**
 * Applies objects (server-side apply): namespaces first, and every namespace that is used is there before its objects.
 * Resolves to the manifests with their namespace filled in.
 */
export async function applyManifests(kubeConfig: KubeConfig, manifests: readonly Manifest[]): Promise<Manifest[]> {
  const api = kubeConfig.makeApiClient(ObjectApi);
  const namespaced = await Promise.all(
    manifests.map(async (manifest) => {
      const namespaced = await api.isNamespaced(manifest);
      if (namespaced === undefined) {
        throw new Error(
          `the API server does not know ${manifest.apiVersion} ${manifest.kind} (${describeManifest(manifest)})`,
        );
      }
      const namespace = manifest.metadata.namespace ?? "default";
      return namespaced ? { ...manifest, metadata: { ...manifest.metadata, namespace } } : manifest;
    }),
  );
  const declared = namespaced.filter(({ kind }) => kind === "Namespace");
  const needed = new Set(namespaced.flatMap(({ metadata }) => metadata.namespace ?? []));
  for (const { metadata } of declared) needed.delete(metadata.name);
  const namespaces = [...needed].map((name) => ({ apiVersion: "v1", kind: "Namespace", metadata: { name } }));
  const others = namespaced.filter(({ kind }) => kind !== "Namespace");
  for (const manifest of [...namespaces, ...declared, ...others]) await applyOne(api, manifest);
  return namespaced;
}

async function applyOne(api: KubernetesObjectApi, manifest: Manifest): Promise<void> {
  try {
    await patiently(() => api.patch(manifest, undefined, undefined, fieldManager, true, PatchStrategy.ServerSideApply));
  } catch (error) {
    throw new Error(`applying ${describeManifest(manifest)}: ${apiMessage(error)}`, { cause: error });
  }
}

const statusSchema = z.object({ message: z.string() });

function apiMessage(error: unknown): string {
  if (!(error instanceof ApiException)) return error instanceof Error ? error.message : String(error);
  const body: unknown = typeof error.body === "string" ? parseJson(error.body) : error.body;
  const status = statusSchema.safeParse(body);
  return status.success ? status.data.message : `HTTP ${error.code}`;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
