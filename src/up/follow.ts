import { type KubeConfig, KubernetesObjectApi } from "@kubernetes/client-node";
import { type Patience, patiently } from "../cli/cluster/patience.ts";
import { describeManifest, type Manifest } from "../cli/manifests.ts";
import { systemClock } from "../clock.ts";
import { hasFailed, isReady, type Row } from "./progress.ts";
import { rowOf } from "./rows.ts";

const pollMs = 250;
/** How long one read goes on before a server that is busy or restarts. */
const patienceSeconds = 15;

/** Which objects are followed, and for how long. */
export interface FollowOptions {
  readonly kubeConfig: KubeConfig;
  /** The objects to follow. */
  readonly manifests: readonly Manifest[];
  readonly elapsed: () => number;
  readonly onRows: (rows: readonly Row[]) => void;
  /** Hears that the API server is busy, and is asked again. */
  readonly say?: Patience["say"];
  /** Ends the waiting; the rows as they are then are the result. */
  readonly signal: AbortSignal;
}

/** Reads the objects again and again until all are ready, or one has failed for good. */
export async function followUntilReady(options: FollowOptions): Promise<readonly Row[]> {
  const { manifests, elapsed, onRows, signal, say = () => undefined } = options;
  const api = KubernetesObjectApi.makeApiClient(options.kubeConfig);
  const patience = { withinSeconds: patienceSeconds, say, signal };
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
          const object = await patiently(patience, `reading ${describeManifest(manifest)}`, () =>
            api.read({ apiVersion, kind, metadata: header }),
          );
          return rowOf(object, elapsed(), rows[index]);
        } catch (error) {
          // What is known of it stays; that this waiting ended says nothing about the object.
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
