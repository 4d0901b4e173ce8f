import { cut } from "../../api/fit-status.ts";
import { type XenHost, xenHosts } from "../../api/kinds.ts";
import type { XenHostSpec, XenHostStatus } from "../../api/xen-host.ts";
import { rfc3339 } from "../../runtime/conditions.ts";
import { keyOf } from "../../runtime/kube-api.ts";
import type { Reconciler } from "../../runtime/reconciler.ts";
import { goneOf } from "../gone/gone.ts";
import { hostReconciler } from "../host-reconciler.ts";
import { refOf } from "../identity.ts";
import { hostSpec } from "../specs.ts";
import type { Controlled } from "../watch.ts";
import type { Means } from "../world.ts";
import { abandonRefused } from "./abandon.ts";
import { removeContradicted } from "./contradicted.ts";
import { describeHost } from "./describe.ts";
import { drain, observeDrain, planDrain } from "./drain.ts";
import { type HostObservation, observeHost } from "./observe.ts";
import { aspects, conditionOf, planHost } from "./plan.ts";
import { blockerOf, whatIsLeft } from "./release.ts";
import { Verifications } from "./verifications.ts";
import { watchHosts } from "./watches.ts";

/**
 * Reconciles XenHosts: makes each an AoE client and shows what it sees. One that holds, or may hold, a volume stays.
 */
export const controlHosts = (means: Means): Controlled => watchHosts(means.world, xenHostReconciler(means));

function xenHostReconciler(means: Means): Reconciler {
  const { world } = means;
  const verifications = new Verifications(world.ledger);
  return hostReconciler<XenHost, XenHostSpec, XenHostStatus, { readonly object: XenHost } & HostObservation>(
    means,
    {
      kind: xenHosts,
      store: world.stores.hosts,
      parse: hostSpec,
      gone: (object) => goneOf(world, keyOf(object)),
      abandonRefused: (object) => abandonRefused(world, object),
      prepared: "AoeReady",
      preparedMessage: "The aoe driver is loaded and bound to the declared interfaces, now and after a reboot",
      observe({ ref, object, spec }, facts) {
        const verified = verifications.of(ref, world.machines.of(ref));
        return { object, ...observeHost(world, object, { spec, facts, verified }) };
      },
      plan({ object, ...seen }) {
        const plan = planHost(seen);
        verifications.begin(refOf("XenHost", object), plan.verifying);
        return plan;
      },
      aspects,
      conditionOf,
      describeGone(status, { kind, bootId, message }) {
        const { proof } = status;
        const was = kind === "Dead" ? "StorageDeath" : kind;
        if (proof?.kind === was && proof.bootID === bootId) return;
        status.proof = {
          kind: was,
          bootID: bootId,
          message: cut(message, 4096),
          time: rfc3339(world.clock.now()),
        };
      },
      describe: describeHost,
      async before({ object, directives, context }) {
        await removeContradicted(means, object, directives, context);
        await drain(means, object, directives, context);
      },
      again: (object) => planDrain(object.metadata.name, observeDrain(world, object)).againSeconds,
      blockers: (host) => blockerOf(world, host),
      left: whatIsLeft,
    },
    () => ({}),
  );
}
