import type { XenDomain } from "../../api/kinds.ts";
import type { XenDomainSpec, XenDomainStatus } from "../../api/xen-domain.ts";
import { type ConditionUpdate, summarise } from "../../runtime/conditions.ts";
import { isDeleting } from "../../runtime/finalizers.ts";
import { no, yes } from "../finding.ts";
import type { Pass } from "../reconciler.ts";

/** Ready of a domain, from its other conditions: a domain that must be halted is ready once it is. */
export function ready(
  status: XenDomainStatus,
  { object, spec }: Pick<Pass<XenDomain, XenDomainSpec | undefined, XenDomainStatus>, "object" | "spec">,
): ConditionUpdate {
  if (isDeleting(object)) return no("Ready", "Deleting", "The domain is being deleted");
  const running = status.conditions?.find(({ type }) => type === "Running");
  if (spec?.powerState === "Halted") {
    if (running?.status === "False" && running.reason === "Halted") return yes("Ready", "Halted", running.message);
    return {
      type: "Ready",
      status: running?.status === "Unknown" ? "Unknown" : "False",
      reason: running?.reason ?? "Pending",
      message: running?.message ?? "Not checked yet",
    };
  }
  return summarise(status.conditions ?? [], {
    type: "Ready",
    required: ["DisksReady", "Running"],
    readyMessage: running?.message ?? "The domain runs",
  });
}
