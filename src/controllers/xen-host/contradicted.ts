import { annotations } from "../../api/common.ts";
import { xenHosts } from "../../api/kinds.ts";
import type { EventRecorder } from "../../runtime/events.ts";
import { isNotFound, type KubeApi } from "../../runtime/kube-api.ts";
import type { Reconciler } from "../../runtime/reconciler.ts";
import { directivesOf } from "../directives.ts";
import { currentFacts } from "../hosts/view.ts";
import { refTo } from "../identity.ts";
import type { World } from "../world.ts";

/**
 * Around the reconciler of a XenHost: takes the word that a boot has ended away when the machine answers in that very boot. It
 * was wrong, and must not count later, when the machine is silent once more.
 */
export function withContradiction(
  inner: Reconciler,
  { api, world, events }: { readonly api: KubeApi; readonly world: World; readonly events: EventRecorder },
): Reconciler {
  return {
    async reconcile(key, context) {
      const host = world.stores.hosts.get(key);
      const { forgotten } = directivesOf(host?.metadata ?? { name: "" });
      if (host !== undefined && forgotten !== undefined && answersIn(world, key.namespace, key.name) === forgotten) {
        context.signal.throwIfAborted();
        try {
          await api.mergePatch(
            xenHosts,
            key,
            { metadata: { annotations: { [annotations.forget]: null } } },
            context.leading,
          );
          events.record(xenHosts, host, {
            type: "Warning",
            reason: "ForgetContradicted",
            action: "Reconcile",
            note: `It answers in boot ${forgotten}, which ${annotations.forget} says has ended: the annotation is removed`,
          });
        } catch (error) {
          if (!isNotFound(error)) throw error;
        }
      }
      return await inner.reconcile(key, context);
    },
  };
}

/** The boot id with which the machine answered a look that began after the annotations last changed. */
function answersIn(world: World, namespace: string, name: string): string | undefined {
  const id = refTo("XenHost", namespace, name);
  const watched = world.machines.of(id);
  if (watched === undefined || !world.freshness.holds(id, watched)) return undefined;
  const identity = currentFacts(watched.agent.view)?.identity;
  return identity?.state === "known" ? identity.value.bootId : undefined;
}
