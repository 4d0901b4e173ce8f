import type { ObjectKey } from "../runtime/kube-api.ts";
import type { Fleet } from "./fleet.ts";

/**
 * Why the leases of a node that is otherwise proved dead cannot be taken yet; undefined: they can. Today this asks nobody: the
 * kernels give a lease up before they replay the journal, which the caller has seen, and the script that starts a domain takes
 * it, or refuses.
 */
export function leasesHeld(_fleet: Fleet, _host: ObjectKey): string | undefined {
  return undefined;
}
