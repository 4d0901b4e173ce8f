import { ApiException, type KubeConfig, KubernetesObjectApi, PatchStrategy } from "@kubernetes/client-node";
import { ApiError, failureOfCall, isMissing, saidIn } from "../cluster/api-error.ts";
import type { Connection } from "../cluster/connect.ts";
import { describeManifest, type Manifest } from "../manifests.ts";

/** The API server's response to a dry run of a manifest. */
export type Judgement =
  | { readonly kind: "Accepted"; readonly before: unknown; readonly after: unknown }
  | { readonly kind: "Refused"; readonly message: string }
  /** The server does not serve this kind. */
  | { readonly kind: "UnknownKind"; readonly message: string }
  /** Its namespace or its definition does not exist yet, so the server cannot judge it. */
  | { readonly kind: "Unjudged"; readonly message: string };

/**
 * Applies manifests like `kubectl apply --server-side --dry-run=server`. Each call has the time limit and the retries
 * of `ask`.
 */
export function createDryRun(
  config: KubeConfig,
  fieldManager: string,
  ask: Connection["ask"],
): (manifest: Manifest) => Promise<Judgement> {
  const api = config.makeApiClient(KubernetesObjectApi);
  return async (manifest) => {
    const { apiVersion, kind, metadata } = manifest;
    const what = describeManifest(manifest);
    try {
      const header = { apiVersion, kind, metadata: { name: metadata.name, namespace: metadata.namespace ?? "" } };
      const before = await ask(`reading ${what}`, () => api.read(header)).catch((error: unknown) => {
        if (isMissing(error)) return undefined;
        throw error;
      });
      const after = await ask(`asking for a dry run of ${what}`, () =>
        api.patch(manifest, undefined, "All", fieldManager, true, PatchStrategy.ServerSideApply),
      );
      return { kind: "Accepted", before, after };
    } catch (error) {
      if (error instanceof Error && /unrecognized api version and kind/i.test(error.message))
        return { kind: "UnknownKind", message: `the cluster does not know ${apiVersion} ${kind}` };
      if (!(error instanceof ApiError) || !(error.cause instanceof ApiException)) throw error;
      // A server that is busy or unreachable has not judged the manifest.
      if (failureOfCall(error).kind !== "Final") throw error;
      const { code, body } = error.cause;
      return { kind: code === 404 ? "Unjudged" : "Refused", message: saidIn(body) ?? `HTTP ${code}` };
    }
  };
}
