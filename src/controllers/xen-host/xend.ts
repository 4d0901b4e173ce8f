import { quantityBytes } from "../../api/quantity.ts";
import type { XenHostSpec } from "../../api/xen-host.ts";
import { configureXend } from "../../host/toolstack-actions.ts";
import type { Toolstack } from "../../host/xen-facts.ts";
import type { ConditionUpdate } from "../../runtime/conditions.ts";
import { no, yes } from "../finding.ts";
import { exclusive, type Step } from "../hosts/step.ts";
import type { HostRef } from "../identity.ts";
import type { ConsolePassword } from "./console-password.ts";
import type { ObservedRelocation } from "./relocation.ts";

const type = "RelocationReady";

/**
 * Relocation of the toolstack of 2010: a server of xend, configured by lines of /etc/xen/xend-config.sxp. It asks for
 * no key, so only hosts-allow protects the domains from the network; its empty default allows every host.
 */
export function planXend(
  host: HostRef,
  { relocation: spec }: Pick<XenHostSpec, "relocation">,
  { xendConfiguration, xendPassword }: Pick<Toolstack, "xendConfiguration" | "xendPassword">,
  sight: Pick<ObservedRelocation, "senders" | "address">,
  password: ConsolePassword,
): { readonly steps: readonly Step[]; readonly condition: ConditionUpdate } {
  const wanted = settingsFor(spec, sight);
  const stale = password.kind === "Found" && xendPassword !== password.revision;
  const differs = [
    ...wanted.filter(({ key, value }) => xendConfiguration?.get(key) !== value).map(({ key }) => key),
    ...(stale ? ["vncpasswd"] : []),
  ];
  const request = password.kind === "Found" ? { settings: wanted, password } : { settings: wanted };
  const steps = differs.length === 0 ? [] : [exclusive(host, configureXend(request))];
  if (password.kind === "Problem") return { steps, condition: no(type, password.reason, password.message) };
  if (differs.length > 0)
    return {
      steps,
      condition: no(type, "RelocationNotPrepared", `xend is being configured: ${differs.join(", ")}`),
    };
  if (spec.mode === "Disabled")
    return {
      steps,
      condition: no(type, "RelocationDisabled", "spec.relocation.mode is Disabled: xend receives no domains"),
    };
  const names = sight.senders.map(({ name }) => name).join(", ");
  return { steps, condition: yes(type, "RelocationReady", `xend receives domains of ${names} on port ${spec.port}`) };
}

interface Setting {
  readonly key: string;
  readonly value: string;
}

function settingsFor(
  spec: XenHostSpec["relocation"],
  { senders }: Pick<ObservedRelocation, "senders">,
): readonly Setting[] {
  const quoted = (text: string) => `'${text}'`;
  const optional = (key: string, value: string | undefined) => (value === undefined ? [] : [{ key, value }]);
  const rest = [
    ...optional("network-script", spec.networkScript && quoted(spec.networkScript)),
    ...optional("vif-script", spec.vifScript && quoted(spec.vifScript)),
    ...optional(
      "dom0-min-mem",
      spec.dom0MinMemory === undefined ? undefined : String(quantityBytes(spec.dom0MinMemory) / 2 ** 20),
    ),
    ...optional("dom0-cpus", spec.dom0CPUs === undefined ? undefined : String(spec.dom0CPUs)),
  ];
  if (spec.mode === "Disabled") return [{ key: "xend-relocation-server", value: "no" }, ...rest];
  // Regular expressions, one per peer; a dot in brackets matches only a dot.
  const exactly = (text: string) => `^${text.replaceAll(".", "[.]")}$`;
  const allowed = senders.flatMap(({ name, address }) => [
    exactly(name),
    ...(address === "" ? [] : [exactly(address)]),
  ]);
  return [
    { key: "xend-relocation-server", value: "yes" },
    { key: "xend-relocation-port", value: String(spec.port) },
    { key: "xend-relocation-address", value: quoted(spec.address ?? "") },
    { key: "xend-relocation-hosts-allow", value: quoted([...new Set(allowed)].join(" ")) },
    ...rest,
  ];
}
