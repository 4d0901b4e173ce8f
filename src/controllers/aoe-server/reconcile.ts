import type { AoeServerSpec, AoeServerStatus } from "../../api/aoe-server.ts";
import { type AoeServer, aoeServers } from "../../api/kinds.ts";
import type { Export } from "../../host/facts.ts";
import type { Reconciler } from "../../runtime/reconciler.ts";
import { keeperOf } from "../aoe-volume/export-parameters.ts";
import { hostReconciler } from "../host-reconciler.ts";
import { parseMark } from "../identity.ts";
import { serverSpec } from "../specs.ts";
import type { Controlled } from "../watch.ts";
import type { Means } from "../world.ts";
import { planServer } from "./plan.ts";
import { blockerOf, whatIsLeft } from "./release.ts";
import { watchServers } from "./watches.ts";

/** The AoeVolume that an export was made for; its marking is text of a host. */
function volumeOf(one: Pick<Export, "owner">) {
  const { namespace, name } = parseMark(one.owner);
  return name === "" ? {} : { volumeRef: { namespace: namespace.slice(0, 63), name: name.slice(0, 253) } };
}

/** Makes one AoeServer ready to export, and shows what it exports. It stays while volumes refer to it. */
export const controlServers = (means: Means): Controlled => watchServers(means.world, serverReconciler(means));

function serverReconciler(options: Means): Reconciler {
  const { world } = options;
  return hostReconciler<AoeServer, AoeServerSpec, AoeServerStatus>(
    options,
    {
      kind: aoeServers,
      store: world.stores.servers,
      parse: serverSpec,
      prepared: "Prepared",
      preparedMessage: "vblade is installed and the interfaces are up",
      plan: planServer,
      aspects: [],
      describe(status, { exports }) {
        if (exports.state !== "known") return;
        status.exports = exports.value.slice(0, 256).map((one) => ({
          target: `e${one.shelf}.${one.slot}`,
          interface: one.interface.slice(0, 16),
          backing: one.backing.slice(0, 512),
          state: one.pid === undefined ? "Stopped" : "Running",
          ...(keeperOf(one) === "" ? {} : { unit: keeperOf(one).slice(0, 128) }),
          ...volumeOf(one),
        }));
      },
      blockers: (server) => blockerOf(world.stores, server),
      left: whatIsLeft,
    },
    () => ({}),
  );
}
