import type { XenHostStatus } from "../../api/xen-host.ts";
import type { HostFacts } from "../../host/facts.ts";
import { distinct } from "../host-facts.ts";

/** What the status of a XenHost says of Xen, beside conditions. `verified`: receivers reached since the last time. */
export function describeXen(
  status: XenHostStatus,
  { toolstack, domains, relocation }: HostFacts,
  verified: ReadonlyMap<string, string>,
): void {
  if (toolstack.state === "known" && toolstack.value.kind !== "None") {
    const { kind, info } = toolstack.value;
    status.xen = {
      toolstack: kind.toLowerCase(),
      ...(info === undefined
        ? {}
        : {
            version: `${info.major}.${info.minor}${info.extra}`.slice(0, 32),
            totalMemoryMiB: info.totalMemory,
            freeMemoryMiB: info.freeMemory,
            cpus: info.cpus,
            virtualisation: info.virtualisation.join(" ").slice(0, 256),
          }),
    };
  } else delete status.xen;
  if (domains.state === "known")
    status.domains = distinct(domains.value.domains, ({ uuid, name }) => `${uuid} ${name}`, 256).map((one) => ({
      uuid: one.uuid.slice(0, 36),
      name: one.name.slice(0, 255),
      id: one.id,
      state: one.state.slice(0, 16),
      memoryMiB: one.memory,
      vcpus: one.vcpus,
    }));
  else delete status.domains;
  const known = new Map((status.relocation?.verified ?? []).map(({ name, digest }) => [name, digest]));
  for (const [name, digest] of verified) known.set(name, digest);
  const publicKey = relocation.state === "known" ? relocation.value.publicKey : (status.relocation?.publicKey ?? "");
  if (publicKey === "" && known.size === 0) delete status.relocation;
  else
    status.relocation = {
      ...(publicKey === "" ? {} : { publicKey: publicKey.slice(0, 1024) }),
      verified: [...known].slice(-64).map(([name, digest]) => ({ name, digest })),
    };
}
