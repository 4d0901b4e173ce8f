import type { FileNode, FileSystem, Lease } from "./content.ts";
import type { Host, LeaseHolder, World } from "./state.ts";
import { later, record } from "./world.ts";
import { domainOf } from "./xen-state.ts";

/** How long a domain must be absent before its lease holder ends; a guest that reboots is gone for two seconds. */
const absentMs = 30_000;

/** The leases that count now. Those of a dead node count until the other nodes have evicted it. */
export const leasesOn = ({ leases = [] }: FileNode): readonly Lease[] => leases.filter((lease) => lease.counts());

/**
 * A process of the host takes leases on all of these files, without waiting. `Alone`: no other process may hold one on
 * a file that is written; afterwards the lease is shared. Returns the path of the first file that it cannot lock.
 */
export function holdLease(
  world: World,
  host: Host,
  wanted: {
    readonly uuid: string;
    readonly how: "Alone" | "Beside";
    readonly until: number;
    readonly files: readonly { readonly path: string; readonly file: FileNode; readonly readOnly: boolean }[];
    /** Number of the host on the file system of a path. */
    readonly nodeOf: (path: string) => number | undefined;
  },
): string | undefined {
  const { uuid, how, until, files, nodeOf } = wanted;
  for (const { path, file, readOnly } of files) {
    const others = leasesOn(file);
    const alone = how === "Alone" && !readOnly;
    if (others.some(({ mode }) => alone || mode === "Exclusive")) return path;
  }
  const { running, name } = host;
  for (const { path, file } of files) {
    const node = nodeOf(path);
    const counts = () => node !== undefined || (host.running === running && host.power === "On");
    file.leases = [...leasesOn(file), { host: name, bootId: running.bootId, uuid, node, mode: "Shared", counts }];
  }
  host.running.xen.leases.set(uuid, { pid: host.running.nextPid++, files, until, missedAt: world.agenda.time });
  record(world, host, { kind: "LeaseHeld", uuid });
  missDomain(world, host, uuid);
  return undefined;
}

/** Ends the lease holder and frees its leases. */
export function endHolder(world: World, host: Host, uuid: string): void {
  const { running } = host;
  const holder = running.xen.leases.get(uuid);
  if (holder === undefined) return;
  running.xen.leases.delete(uuid);
  for (const { file } of holder.files) {
    file.leases = file.leases?.filter((lease) => lease.bootId !== running.bootId || lease.uuid !== uuid) ?? [];
  }
  record(world, host, { kind: "LeaseEnded", uuid });
}

/** The domain is absent from the host: its lease holder ends unless the domain comes back. */
export function missDomain(world: World, host: Host, uuid: string): void {
  const { running } = host;
  const holder = running.xen.leases.get(uuid);
  if (holder === undefined || host.power !== "On") return;
  holder.missedAt = world.agenda.time;
  later(world, host, absentMs, () => endWhenAbsent(world, host, uuid, holder));
}

function endWhenAbsent(world: World, host: Host, uuid: string, holder: LeaseHolder): void {
  const now = world.agenda.time;
  if (host.running.xen.leases.get(uuid) !== holder || domainOf(host, uuid) !== undefined) return;
  // The domain was here again meanwhile, or another migration will bring it.
  const starts = host.running.xen.restarting.size > 0 ? now + 5_000 : 0;
  const due = Math.max(holder.missedAt + absentMs, holder.until, starts);
  if (due > now) later(world, host, due - now, () => endWhenAbsent(world, host, uuid, holder));
  else endHolder(world, host, uuid);
}

/** The other nodes have evicted a node: its leases no longer count, whether or not it runs on. */
export function evictLeases({ nodes }: FileSystem, node: number): void {
  for (const file of nodes.values()) {
    if (file.kind !== "File" || file.leases === undefined) continue;
    file.leases = file.leases.filter((lease) => lease.node !== node);
  }
}
