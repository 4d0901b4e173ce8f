import { ApiException, type KubeConfig, KubernetesObjectApi, PatchStrategy } from "@kubernetes/client-node";
import { type RetryLimit, withRetries } from "../cli/cluster/retry.ts";
import { describeManifest, type Manifest } from "../cli/manifests.ts";

const fieldManager = "xensan-up";

class ObjectApi extends KubernetesObjectApi {
  /** Undefined if the API server does not know the kind. */
  async isNamespaced({ apiVersion, kind }: Manifest): Promise<boolean | undefined> {
    try {
      return (await this.resource(apiVersion, kind))?.namespaced;
    } catch (error) {
      if (error instanceof ApiException && error.code === 404) return undefined;
      throw error;
    }
  }
}

/** Where waits for a busy or starting server are reported, and a signal that ends them. */
export type ApplyOptions = Omit<RetryLimit, "withinSeconds">;

/** How long each call to a busy or starting server is repeated. */
const retryWithinSeconds = 30;

/**
 * Applies objects (server-side apply): namespaces first, including those that other objects use. Resolves to the
 * manifests with their namespaces filled in.
 */
export async function applyManifests(
  kubeConfig: KubeConfig,
  manifests: readonly Manifest[],
  options: ApplyOptions = { say: (line) => process.stderr.write(`${line}\n`) },
): Promise<Manifest[]> {
  const api = kubeConfig.makeApiClient(ObjectApi);
  const limit = { ...options, withinSeconds: retryWithinSeconds };
  const namespaced = await Promise.all(
    manifests.map(async (manifest) => {
      const { apiVersion, kind } = manifest;
      const namespaced = await withRetries(limit, `asking for ${apiVersion} ${kind}`, () => api.isNamespaced(manifest));
      if (namespaced === undefined) {
        throw new Error(`the API server does not know ${apiVersion} ${kind} (${describeManifest(manifest)})`);
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
  for (const manifest of [...namespaces, ...declared, ...others])
    await withRetries(limit, `applying ${describeManifest(manifest)}`, () =>
      api.patch(manifest, undefined, undefined, fieldManager, true, PatchStrategy.ServerSideApply),
    );
  return namespaced;
}
