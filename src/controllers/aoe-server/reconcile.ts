import type { AoeServerSpec, AoeServerStatus } from "../../api/aoe-server.ts";
import { type AoeServer, aoeServers } from "../../api/kinds.ts";
import type { Reconciler } from "../../runtime/reconciler.ts";
import { hostReconciler } from "../host-reconciler.ts";
import { serverSpec } from "../specs.ts";
import type { Controlled } from "../watch.ts";
import type { Means } from "../world.ts";
import { observeServer, referringVolumes, type ServerObservation } from "./observe.ts";
import { planServer } from "./plan.ts";
import { blockerOf, whatIsLeft } from "./release.ts";
import { watchServers } from "./watches.ts";

/** Reconciles AoeServers: makes each ready to export and shows its exports. One to which volumes refer stays. */
export const controlServers = (means: Means): Controlled => watchServers(means.world, serverReconciler(means));

function serverReconciler(means: Means): Reconciler {
  const { stores } = means.world;
  return hostReconciler<AoeServer, AoeServerSpec, AoeServerStatus, ServerObservation>(
    means,
    {
      kind: aoeServers,
      store: stores.servers,
      parse: serverSpec,
      prepared: "Prepared",
      preparedMessage: "vblade is installed and the interfaces are up",
      observe: ({ ref, spec }, facts) => observeServer(ref, spec, facts),
      plan: planServer,
      aspects: [],
      describe(status, { exports }) {
        if (exports !== undefined) status.exports = exports;
      },
      blockers: (server) => blockerOf(server, referringVolumes(stores, server)),
      left: whatIsLeft,
    },
    () => ({}),
  );
}
