import type { Ocfs2Cluster } from "../api/kinds.ts";
import type { ProbeRequest } from "../host/actions.ts";
import { path as hostPath, InvalidValue, interfaceName } from "../host/values.ts";
import { keyString } from "../runtime/kube-api.ts";
import { isPlainlyOutside } from "./aoe-volume/bounds.ts";
import { backingPath, servedPath, targetOf } from "./aoe-volume/export-parameters.ts";
import type { Stores } from "./fleet.ts";
import { parseId } from "./names.ts";
import { clusterSpec, hostSpec, serverSpec, volumeSpec } from "./specs.ts";
import { domainPlaces } from "./xen-domain/places.ts";

/** What every object on a machine needs to know of it, in one question. */
export function probeRequest(stores: Stores, members: readonly string[]): ProbeRequest {
  const roles = new Set<"Server" | "Client">();
  const backings = new Set<string>();
  const segments = new Set<string>();
  const sharedDevices = new Set<string>();
  const mountPoints = new Set<string>();
  const images = new Set<string>();
  const lockDirectories = new Set<string>();
  for (const member of members) {
    const { kind, key } = parseId(member);
    if (kind === "XenHost") {
      const host = stores.hosts.get(key);
      const parsed = host && hostSpec(host);
      roles.add("Client");
      if (parsed?.ok) for (const name of parsed.spec.aoe.interfaces) segments.add(name);
      for (const cluster of stores.clusters.byIndex("host", keyString(key))) {
        const wanted = sharedPlaces(stores, cluster);
        for (const one of wanted.devices) if (accepts(hostPath, one)) sharedDevices.add(one);
        for (const one of wanted.mountPoints) if (accepts(hostPath, one)) mountPoints.add(one);
        const domains = domainPlaces(stores, cluster);
        for (const one of domains.images) if (accepts(hostPath, one)) images.add(one);
        for (const one of domains.lockDirectories) if (accepts(hostPath, one)) lockDirectories.add(one);
      }
      continue;
    }
    const server = stores.servers.get(key);
    const parsed = server && serverSpec(server);
    roles.add("Server");
    if (parsed?.ok) for (const { name } of parsed.spec.interfaces) segments.add(name);
    for (const volume of stores.volumes.byIndex("server", keyString(key))) {
      const spec = volumeSpec(volume);
      if (!spec.ok) continue;
      const path = backingPath(spec.spec);
      const outside = parsed?.ok === true && isPlainlyOutside(spec.spec, parsed.spec.allowedBackings);
      if (!outside && accepts(hostPath, path)) backings.add(path);
      const served = servedPath(spec.spec, volume.status?.backing?.path);
      if (served.startsWith("/dev/") && accepts(hostPath, served)) backings.add(served);
    }
  }
  return {
    roles: [...roles].sort(),
    backings: [...backings].sort(),
    segments: [...segments].filter((name) => accepts(interfaceName, name)).sort(),
    sharedDevices: [...sharedDevices].sort(),
    mountPoints: [...mountPoints].sort(),
    images: [...images].sort(),
    lockDirectories: [...lockDirectories].sort(),
  };
}

/** What a cluster has on its nodes, or had and may still have. */
function sharedPlaces(stores: Stores, cluster: Ocfs2Cluster): { devices: string[]; mountPoints: string[] } {
  const { namespace = "" } = cluster.metadata;
  const parsed = clusterSpec(cluster);
  const filesystems = parsed.ok ? parsed.spec.filesystems : [];
  const recorded = cluster.status?.filesystems ?? [];
  const volumes = filesystems.flatMap(({ volumeRef }) => {
    const volume = stores.volumes.get({ namespace, name: volumeRef.name });
    const spec = volume && volumeSpec(volume);
    return spec?.ok === true ? [`/dev/etherd/${targetOf(spec.spec)}`] : [];
  });
  return {
    devices: [...volumes, ...recorded.flatMap(({ device }) => device ?? [])],
    mountPoints: [...filesystems, ...recorded].flatMap(({ mountPoint }) => mountPoint ?? []),
  };
}

/** One object's odd value must not spoil the probe of all. */
function accepts(form: (value: string) => string, value: string): boolean {
  try {
    return form(value) === value;
  } catch (error) {
    if (error instanceof InvalidValue) return false;
    throw error;
  }
}
