import type { XenHostSpec } from "../../api/xen-host.ts";
import { type HostFacts, isGoingDown } from "../../host/facts.ts";
import { prepareToolstack } from "../../host/toolstack-actions.ts";
import type { Toolstack } from "../../host/xen-facts.ts";
import type { ConditionUpdate } from "../../runtime/conditions.ts";
import { no, unknown, yes } from "../finding.ts";
import { exclusive, type Step } from "../hosts/step.ts";
import type { HostRef } from "../identity.ts";

const type = "ToolstackReady";

/**
 * Ensures that only xensan starts domains: a toolstack under Xen, and nothing that starts or restores them by itself.
 */
export function planToolstack(
  host: HostRef,
  spec: Pick<XenHostSpec, "toolstack">,
  facts: HostFacts,
): { readonly steps: readonly Step[]; readonly condition: ConditionUpdate } {
  const { toolstack } = facts;
  const only = (condition: ConditionUpdate) => ({ steps: [], condition });
  if (toolstack.state === "unknown")
    return only(unknown(type, "FactsUnknown", `The toolstack is unknown: ${toolstack.why}`));
  const found = toolstack.state === "known" ? toolstack.value : undefined;
  if (found === undefined || found.kind === "None")
    return only(
      no(type, "ToolstackMissing", "Neither xl nor xm is installed: install xen-system-amd64 and boot into it"),
    );
  if (spec.toolstack !== "Auto" && spec.toolstack !== found.kind)
    return only(
      no(type, "ToolstackDiffers", `spec.toolstack is ${spec.toolstack}, but the host has ${found.kind.toLowerCase()}`),
    );
  if (!found.dom0)
    return only(no(type, "NotDom0", "The host does not run under Xen: boot the hypervisor entry of the boot menu"));
  const unwanted = unwantedOf(found);
  if (unwanted !== undefined)
    return { steps: [exclusive(host, prepareToolstack())], condition: no(type, "AutomaticDomains", unwanted) };
  if (isGoingDown(facts))
    return only(no(type, "HostGoingDown", "The host is shutting down or rebooting: xensan starts nothing on it"));
  if (found.info === undefined) return only(unknown(type, "FactsUnknown", "xl info did not report memory and version"));
  const { major, minor, extra } = found.info;
  return only(yes(type, "ToolstackReady", `${found.kind.toLowerCase()} on Xen ${major}.${minor}${extra}`));
}

/** Settings that would run a domain twice, or restore old memory over changed disks, when the host reboots. */
function unwantedOf({ automaticDomains, services }: Toolstack): string | undefined {
  if (automaticDomains !== undefined) {
    const set = Object.entries(automaticDomains).filter(([, value]) => value !== "");
    if (set.length > 0)
      return `The host itself would save, restore or start domains: ${set.map(([key, value]) => `XENDOMAINS_${key.toUpperCase()}=${value}`).join(", ")}`;
  }
  return services.get("xencommons") === "inactive" ? "xencommons is not started" : undefined;
}
