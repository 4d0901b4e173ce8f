import type { KubeObject } from "../../src/runtime/kube-api.ts";
import type { FleetPlan } from "./fleet.ts";

const kernel = "/boot/vmlinuz";

/** The configuration of a domain without disks, `memory` in MiB; the UUID is made of its number. */
export const domainConfiguration = (name: string, memory: number, number = 0): string =>
  [
    `name = "${name}"`,
    `uuid = "37baabc6-98d5-48a2-9634-${String(number).padStart(12, "0")}"`,
    ...['type = "pvh"', `memory = ${memory}`, "vcpus = 1", `kernel = "${kernel}"`, "disk = [ ]", ""],
  ].join("\n");

/** The names of the dom0s. */
export const dom0sOf = ({ rackFile }: FleetPlan) =>
  Object.keys(rackFile.hosts).filter((name) => name.startsWith("dom0-"));

/** Gives each dom0 an address, and lets it receive domains from the others. */
export function withRelocation(plan: FleetPlan): FleetPlan {
  const names = dom0sOf(plan);
  const addressOf = (name: string) => `10.99.0.${names.indexOf(name) + 11}`;
  const hosts = Object.entries(plan.rackFile.hosts).map(([name, host]) => {
    const interfaces = host.interfaces.map((nic) =>
      nic.name === "eth1" && names.includes(name) ? { ...nic, address: `${addressOf(name)}/24` } : nic,
    );
    return [name, { ...host, interfaces }] as const;
  });
  const objects = plan.objects.map((object): KubeObject & Record<string, unknown> => {
    if (object.kind !== "XenHost") return { ...object };
    const { name } = object.metadata;
    const allowedSourceHostRefs = names.filter((other) => other !== name).map((other) => ({ name: other }));
    const spec = "spec" in object && typeof object.spec === "object" ? object.spec : {};
    return {
      ...object,
      spec: {
        ...spec,
        allowed: { bootFiles: [kernel] },
        relocation: { mode: "Enabled", address: addressOf(name), allowedSourceHostRefs },
      },
    };
  });
  return { ...plan, rackFile: { hosts: Object.fromEntries(hosts) }, objects };
}
