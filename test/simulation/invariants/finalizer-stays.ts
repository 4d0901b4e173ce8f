import { annotations, finalizer } from "../../../src/api/common.ts";
import { keyString } from "../../../src/runtime/kube-api.ts";
import type { JsonObject } from "../world/kube/json.ts";
import { objectAt } from "../world/kube/json.ts";
import type { Invariant, Scene } from "./invariant.ts";
import { ownersOn } from "./ownership.ts";

export const finalizerStays: Invariant = {
  name: "the finalizer stays while anything is left",
  says: "no volume loses its finalizer while a host, reachable or not, still has an export with its mark, and none begins afterwards, unless it is to be abandoned",
  watch(scene: Scene) {
    const guarded = new Set<string>();
    /** Volumes whose finalizer was removed because nothing was left of them. */
    const gone = new Map<string, string>();
    return {
      onRack(event) {
        if (gone.size === 0 || event.command === undefined) return;
        if (event.kind !== "VbladeStarted" && event.kind !== "TextWritten") return;
        for (const owner of ownersOn(scene.rack.host(event.host))) {
          const name = gone.get(owner.split(" ")[1] ?? "");
          if (name !== undefined)
            scene.violated(`${event.host} has an export of AoeVolume ${name}, which has lost its finalizer before`);
        }
      },
      onApi(change) {
        if (change.resource.kind !== "AoeVolume") return;
        const meta = objectAt(change.object, "metadata");
        const uid = String(meta.uid);
        const holds = Array.isArray(meta.finalizers) && meta.finalizers.includes(finalizer);
        const has = change.type !== "DELETED" && holds;
        // Deleted with its management cluster, without removal of its finalizer.
        const had = guarded.has(uid) && !(change.type === "DELETED" && holds);
        if (has) guarded.add(uid);
        else guarded.delete(uid);
        if (!had || has || abandoned(change.object)) return;
        gone.set(uid, keyString(change.key));
        for (const host of scene.rack.hosts.values()) {
          const left = ownersOn(host).filter((owner) => owner.endsWith(uid));
          if (left.length > 0)
            scene.violated(
              `AoeVolume ${keyString(change.key)} loses its finalizer while ${host.name} still has ${left.join(", ")}`,
            );
        }
      },
    };
  },
};

function abandoned(object: JsonObject): boolean {
  const meta = objectAt(object, "metadata");
  return objectAt(meta, "annotations")[annotations.abandon] === meta.name;
}
