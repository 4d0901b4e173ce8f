import { ApiException, type KubeConfig, KubernetesObjectApi, PatchStrategy } from "@kubernetes/client-node";
import { z } from "zod";
import { patiently } from "../cluster/object-api.ts";
import type { Manifest } from "../manifests.ts";

/** What the API server makes of a manifest, without keeping any of it. */
export type Judgement =
  | { readonly kind: "Accepted"; readonly before: unknown; readonly after: unknown }
  | { readonly kind: "Refused"; readonly message: string }
  /** No such kind is served. */
  | { readonly kind: "UnknownKind"; readonly message: string }
  /** Its namespace or its definition is not there yet, so that the server cannot judge it. */
  | { readonly kind: "Unjudged"; readonly message: string };

/** Applies manifests as `kubectl apply --server-side --dry-run=server` does. */
export function createDryRun(config: KubeConfig, fieldManager: string): (manifest: Manifest) => Promise<Judgement> {
  const api = config.makeApiClient(KubernetesObjectApi);
  return async (manifest) => {
    const { apiVersion, kind, metadata } = manifest;
    try {
      const header = { apiVersion, kind, metadata: { name: metadata.name, namespace: metadata.namespace ?? "" } };
      const before = await patiently(() => api.read(header)).catch((error: unknown) => {
        if (error instanceof ApiException && error.code === 404) return undefined;
        throw error;
      });
      const after = await patiently(() =>
        api.patch(manifest, undefined, "All", fieldManager, true, PatchStrategy.ServerSideApply),
      );
      return { kind: "Accepted", before, after };
    } catch (error) {
      if (error instanceof Error && /unrecognized api version and kind/i.test(error.message))
        return { kind: "UnknownKind", message: `the cluster does not know ${apiVersion} ${kind}` };
      if (!(error instanceof ApiException)) throw error;
      const message = messageOf(error.body) ?? `HTTP ${error.code}`;
      return { kind: error.code === 404 ? "Unjudged" : "Refused", message };
    }
  };
}

const statusSchema = z.object({ message: z.string() });

function messageOf(body: unknown): string | undefined {
  try {
    return statusSchema.safeParse(typeof body === "string" ? JSON.parse(body) : body).data?.message;
  } catch {
    return undefined;
  }
}
