import { endpoint } from "../../../src/sim/dialer.ts";
import type { Host } from "../../../src/sim/model/state.ts";
import type { Rack } from "../../../src/sim/rack.ts";
import type { Change } from "../world/kube/api-server.ts";
import { isObject, type Json, objectAt } from "../world/kube/json.ts";

/** Everything that was ever allowed per host: an edit of the bounds may be newer than the operator's last look. */
export class Bounds {
  readonly #globs = new Map<string, Set<string>>();
  readonly #interfaces = new Map<string, Set<string>>();
  readonly #ofDomains = { bridges: new Map<string, Set<string>>(), bootFiles: new Map<string, Set<string>>() };
  readonly #hostByPort: Map<string, string>;

  constructor(rack: Rack) {
    this.#hostByPort = new Map(
      [...rack.hosts.keys()].map((name) => {
        const { host, port } = endpoint(rack, name);
        return [`${host}:${port}`, name];
      }),
    );
  }

  note(change: Change): void {
    if (change.resource.kind !== "AoeServer" && change.resource.kind !== "XenHost") return;
    const spec = objectAt(change.object, "spec");
    const ssh = objectAt(spec, "ssh");
    const host = this.#hostByPort.get(`${String(ssh.host)}:${String(ssh.port)}`);
    if (host === undefined) return;
    const allowed = objectAt(spec, "allowed");
    for (const field of ["bridges", "bootFiles"] as const) {
      const listed = this.#ofDomains[field].get(host) ?? new Set();
      this.#ofDomains[field].set(host, listed);
      for (const glob of strings(allowed[field])) listed.add(glob);
    }
    const globs = this.#globs.get(host) ?? new Set();
    this.#globs.set(host, globs);
    for (const glob of strings(spec.allowedBackings)) globs.add(glob);
    const interfaces = this.#interfaces.get(host) ?? new Set();
    this.#interfaces.set(host, interfaces);
    const listed = Array.isArray(spec.interfaces) ? spec.interfaces : [];
    for (const one of listed) if (isObject(one)) interfaces.add(String(one.name));
  }

  /** Whether the owner of the host lists the interface for exports. */
  allowExportOn(host: Host, netif: string): boolean {
    return this.#interfaces.get(host.name)?.has(netif) === true;
  }

  /** Whether the owner of the host lets domains use this bridge, or boot from this file. */
  allowDomain(host: Host, field: "bridges" | "bootFiles", name: string): boolean {
    return [...(this.#ofDomains[field].get(host.name) ?? [])].some((glob) => matches(glob, name));
  }

  allow(host: Host, names: readonly string[]): boolean {
    return [...(this.#globs.get(host.name) ?? [])].some((glob) => names.some((name) => matches(glob, name)));
  }
}

/** All names of a file or device: of a file its real path; of a device its kernel name, links and, for LVM, `vg/lv`. */
export function namesOf(host: Host, realPath: string, device: string | undefined): string[] {
  if (device === undefined) return [realPath];
  const names = [realPath, ...(host.blocks.get(device)?.links ?? [])];
  for (const group of host.volumeGroups.values())
    for (const volume of group.volumes.values())
      if (volume.device === device) names.push(`${group.name}/${volume.name}`);
  return names;
}

/** A second implementation on purpose, independent of the one in src/host. */
export function matches(glob: string, name: string): boolean {
  const pattern = glob
    .replace(/[\\^$.|+(){}]/g, "\\$&")
    .replaceAll("[!", "[^")
    .replaceAll("*", "[^/]*")
    .replaceAll("?", "[^/]");
  return new RegExp(`^${pattern}$`).test(name);
}

function strings(value: Json | undefined): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}

/** The backing of a volume that is to be deleted with it, as `file:/path` or `lv:vg/lv`. */
export function backingToDelete(object: Json): string | undefined {
  if (!isObject(object)) return undefined;
  const spec = objectAt(object, "spec");
  if (objectAt(object, "metadata").deletionTimestamp === undefined || spec.deletionPolicy !== "Delete")
    return undefined;
  const backing = objectAt(spec, "backing");
  if (isObject(backing.file)) return `file:${String(backing.file.path)}`;
  if (isObject(backing.logicalVolume))
    return `lv:${String(backing.logicalVolume.volumeGroup)}/${String(backing.logicalVolume.name)}`;
  return undefined;
}
