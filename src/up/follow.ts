import { type KubeConfig, KubernetesObjectApi } from "@kubernetes/client-node";
import { type RetryLimit, withRetries } from "../cli/cluster/retry.ts";
import { describeManifest, type Manifest } from "../cli/manifests.ts";
import { systemClock } from "../clock.ts";
import { hasFailed, isReady, type Row } from "./progress.ts";
import { rowOf } from "./rows.ts";

const pollMs = 250;
/** How long one read from a busy or restarting server is repeated. */
const retryWithinSeconds = 15;

/** The objects to follow, and how. */
export interface FollowOptions {
  readonly kubeConfig: KubeConfig;
  /** The objects to follow. */
  readonly manifests: readonly Manifest[];
  readonly elapsed: () => number;
  readonly onRows: (rows: readonly Row[]) => void;
  /** Receives a line when the API server is busy and the read is repeated. */
  readonly say?: RetryLimit["say"];
  /** Ends the wait; the rows at that time are the result. */
  readonly signal: AbortSignal;
}

/** Reads the objects repeatedly until all are ready, or one has failed finally. */
export async function followUntilReady(options: FollowOptions): Promise<readonly Row[]> {
  const { manifests, elapsed, onRows, signal, say = () => undefined } = options;
  const api = KubernetesObjectApi.makeApiClient(options.kubeConfig);
  const limit = { withinSeconds: retryWithinSeconds, say, signal };
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
          const object = await withRetries(limit, `reading ${describeManifest(manifest)}`, () =>
            api.read({ apiVersion, kind, metadata: header }),
          );
          return rowOf(object, elapsed(), rows[index]);
        } catch (error) {
          // Keep the known state; the end of the wait says nothing about the object.
          const known = rows[index];
          if (known === undefined) throw error;
          return signal.aborted ? known : { ...known, message: error instanceof Error ? error.message : String(error) };
        }
      }),
    );
    onRows(rows);
    if (rows.every(isReady) || rows.some(hasFailed)) return rows;
    await systemClock.sleep(pollMs, signal).catch(() => undefined);
  }
  return rows;
}
