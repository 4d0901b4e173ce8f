import { type KubeConfig, KubernetesObjectApi } from "@kubernetes/client-node";
import { describeManifest, type Manifest } from "../cli/manifests.ts";
import { systemClock } from "../clock.ts";
import { hasFailed, isReady, type Row } from "./progress.ts";
import { rowOf } from "./rows.ts";

const pollMs = 250;

/** Which objects are followed, and for how long. */
export interface FollowOptions {
  readonly kubeConfig: KubeConfig;
  /** The objects to follow. */
  readonly manifests: readonly Manifest[];
  readonly elapsed: () => number;
  readonly onRows: (rows: readonly Row[]) => void;
  /** Ends the waiting; the rows as they are then are the result. */
  readonly signal: AbortSignal;
}

/** Reads the objects again and again until all are ready, or one has failed for good. */
export async function followUntilReady(options: FollowOptions): Promise<readonly Row[]> {
  const { manifests, elapsed, onRows, signal } = options;
  const api = KubernetesObjectApi.makeApiClient(options.kubeConfig);
  let rows: readonly Row[] = manifests.map(({ kind, metadata }) => ({
    kind,
    namespace: metadata.namespace ?? "",
    name: metadata.name,
    reason: "",
    message: "",
    conditions: [],
  }));
  while (!signal.aborted) {
    rows = await Promise.all(
      manifests.map(async (manifest, index) => {
        const { apiVersion, kind, metadata } = manifest;
        const header = { name: metadata.name, namespace: metadata.namespace ?? "default" };
        try {
          return rowOf(await api.read({ apiVersion, kind, metadata: header }), elapsed(), rows[index]);
        } catch (error) {
          // The API server may be busy for a moment, and may have been so when the object was read: what is known stays.
          const known = rows[index];
          if (known !== undefined) return { ...known, message: `${describeManifest(manifest)}: ${String(error)}` };
          throw error;
        }
      }),
    );
    onRows(rows);
    if (rows.every(isReady) || rows.some(hasFailed)) return rows;
    await systemClock.sleep(pollMs, signal).catch(() => undefined);
  }
  return rows;
}
