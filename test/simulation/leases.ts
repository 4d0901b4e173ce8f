import type { Stage } from "./stage.ts";
import { objectAt } from "./world/kube/json.ts";

/** What is wrong with leases of a rack at rest: a running declared domain without one, or one without its domain. */
export function missingLeases({ server, rack }: Pick<Stage, "server" | "rack">): string[] {
  const declared = new Set(
    server.list(server.kindNamed("XenDomain"), {}).items.map((object) => String(objectAt(object, "spec").uuid)),
  );
  return [...rack.hosts.values()].flatMap(({ name, power, running: { xen } }) => {
    if (power !== "On") return [];
    const here = [...xen.domains.values()];
    const without = here.filter(
      ({ configuration: { uuid }, disks, since }) =>
        since !== undefined && declared.has(uuid) && disks.some(({ file }) => file) && !xen.leases.has(uuid),
    );
    const stray = [...xen.leases.keys()].filter(
      (uuid) => !here.some(({ configuration }) => configuration.uuid === uuid),
    );
    return [
      ...without.map((domain) => `${domain.name} runs on ${name}, which holds no lease on its images`),
      ...stray.map((uuid) => `${name} holds a lease for the domain ${uuid}, which is not there`),
    ];
  });
}
