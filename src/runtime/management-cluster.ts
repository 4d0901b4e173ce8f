import type { Logger } from "pino";
import type { Clock } from "../clock.ts";
import { type Kind, type KubeApi, KubeError, type KubeObject } from "./kube-api.ts";

const namespaceKind: Kind<KubeObject> = {
  group: "",
  version: "v1",
  kind: "Namespace",
  plural: "namespaces",
  namespaced: false,
};
const retryMs = 5_000;

/**
 * Identity of a management cluster: the uid of its namespace kube-system. Undefined if it may not be read (the role
 * lacks `get` on it) or does not exist; then no machine is claimed, and a line in the log says so.
 */
export async function managementClusterId(
  { api, clock, log }: { readonly api: KubeApi; readonly clock: Clock; readonly log: Logger },
  signal: AbortSignal,
): Promise<string | undefined> {
  for (;;) {
    try {
      const { metadata } = await api.get(namespaceKind, { namespace: "", name: "kube-system" }, signal);
      return metadata.uid;
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof KubeError && [403, 404].includes(error.status)) {
        log.warn(
          { said: error.message },
          "namespace kube-system cannot be read: machines are not claimed, so another management cluster may change them too",
        );
        return undefined;
      }
      log.warn({ err: error }, "namespace kube-system cannot be read now; retrying");
      await clock.sleep(retryMs, signal);
    }
  }
}
