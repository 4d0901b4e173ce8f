import { annotations } from "../../api/common.ts";
import { type XenHost, xenHosts } from "../../api/kinds.ts";
import { isNotFound, keyOf } from "../../runtime/kube-api.ts";
import type { ReconcileContext } from "../../runtime/reconciler.ts";
import type { Directives } from "../directives.ts";
import { currentFacts } from "../hosts/view.ts";
import { type ObjectRef, refOf } from "../identity.ts";
import type { Means, World } from "../world.ts";

/**
 * Removes the annotation that declares a boot ended when the machine answers in that boot. It was wrong, and must not
 * count later, when the machine is silent again.
 */
export async function removeContradicted(
  { api, world, events }: Means,
  host: XenHost,
  { forgotten }: Directives,
  { signal, leading }: ReconcileContext,
): Promise<void> {
  const boot = forgotten.length === 0 ? undefined : answersIn(world, refOf("XenHost", host));
  if (boot === undefined || !forgotten.includes(boot)) return;
  signal.throwIfAborted();
  try {
    await api.mergePatch(xenHosts, keyOf(host), { metadata: { annotations: { [annotations.forget]: null } } }, leading);
    events.record(xenHosts, host, {
      type: "Warning",
      reason: "ForgetContradicted",
      action: "Reconcile",
      note: `The host answers in boot ${boot}, although ${annotations.forget} declares that this boot has ended: xensan removes the annotation`,
    });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

/** The boot id in a look that began after the annotations last changed. */
function answersIn(world: World, host: ObjectRef): string | undefined {
  const watched = world.machines.of(host);
  if (watched === undefined || !world.freshness.isFresh(host, watched)) return undefined;
  const identity = currentFacts(watched.agent.view)?.identity;
  return identity?.state === "known" ? identity.value.bootId : undefined;
}
