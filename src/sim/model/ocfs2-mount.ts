import { openDevice } from "./aoe-driver.ts";
import type { Ocfs2Volume } from "./content.ts";
import { mounters, recover, startRegion, stopRegion } from "./heartbeat.ts";
import { kernelSays } from "./kernel-log.ts";
import { deadAfter, localNode, type Ocfs2Mount } from "./o2cb-state.ts";
import { connected, sameNodes } from "./o2net.ts";
import { usersOf } from "./ocfs2-users.ts";
import { isAlive, mountedView, regionName } from "./ocfs2-volume.ts";
import { answers, backingName, type SharedDisk, sharedDisk } from "./shared-disk.ts";
import type { Host, World } from "./state.ts";
import { resolve } from "./storage.ts";
import { record } from "./world.ts";

/** How a command of the host ended. */
export interface Ended {
  readonly exitCode: number;
  readonly stderr: string;
}

const well: Ended = { exitCode: 0, stderr: "" };
/** Options that the kernel adds to the requested ones. */
const kernelOptions = [
  "nointr",
  "data=ordered",
  "errors=remount-ro",
  "atime_quantum=60",
  "cluster_stack=o2cb",
  "coherency=full",
  "user_xattr",
  "acl",
];

/** `mount -t ocfs2 -o OPTIONS DEVICE MOUNTPOINT`; yields the milliseconds that pass. */
export function* mountOcfs2(
  world: World,
  host: Host,
  device: string,
  mountPoint: string,
  options: readonly string[],
): Generator<number, Ended> {
  const said = (text: string, exitCode = 1): Ended => ({ exitCode, stderr: `mount.ocfs2: ${text}\n` });
  const failed = (error: number) =>
    said(
      `Internal logic failure while mounting ${device} on ${mountPoint}. Check 'dmesg' for more information on this error ${error}.`,
    );
  const disk = sharedDisk(host, device);
  if (disk === undefined || disk.aoe?.up === false) {
    return said(`Device name specified was not found while opening device ${device}`);
  }
  if (!(yield* readable(world, host, disk))) return said(`I/O error on channel while opening device ${device}`);
  const directory = resolve(host, mountPoint).node;
  // It prints this and exits with 0.
  if (directory?.kind !== "Directory") return said(`mount directory ${mountPoint} does not exist`, 0);
  const volume = disk.content.ocfs2;
  if (volume === undefined || !volume.complete)
    return said(`Bad magic number in superblock while opening device ${device}`);
  const { o2cb } = host.running;
  const { cluster } = o2cb;
  const node = cluster && localNode(cluster);
  const foreign = volume.cluster !== "" && volume.cluster !== cluster?.name;
  if (cluster === undefined || node === undefined || foreign) {
    return said("Cluster name is invalid while trying to join the group");
  }
  const global = cluster.heartbeatMode === "Global";
  if (global !== volume.globalHeartbeat) return said("Internal logic failure while trying to join the group");
  if (o2cb.mounts.some((mount) => mount.content === disk.content || mount.mountPoint === mountPoint)) return failed(16);
  const close = disk.aoe === undefined ? () => undefined : openDevice(world, host, disk.aoe, `mount ${mountPoint}`);
  if (close === "NoSuchDevice") return said(`Device name specified was not found while opening device ${device}`);
  const region = global ? undefined : startRegion(world, host, disk, volume, node.number);
  const giveUp = (error: number, why: string): Ended => {
    if (region !== undefined) stopRegion(world, host, region);
    close();
    kernelSays(world, host, "Ocfs2Error", "", why);
    return failed(error);
  };
  yield world.timings.mount;
  // The kernel asks only the nodes that are registered in it, and takes every other one for dead.
  const others = mounters(world, volume).filter((one) => one.host !== host && cluster.nodes.has(one.node));
  if (others.some((one) => !connected(world, host, one.host))) {
    if (others.every((one) => connected(world, host, one.host) || sameNodes(host, one.host))) {
      for (const one of others) disagree(world, host, one.host);
      yield world.timings.mountUnconnected;
      if (others.some((one) => one.host.power === "On" && !connected(world, host, one.host))) {
        return giveUp(107, "(mount.ocfs2,2703,0):ocfs2_dlm_init:3001 ERROR: status = -107");
      }
    } else return giveUp(22, "(mount.ocfs2,2703,0):ocfs2_dlm_init:3001 ERROR: status = -22");
  } else if (others.some((one) => !sameNodes(host, one.host))) {
    return giveUp(22, "(mount.ocfs2,2703,0):ocfs2_dlm_init:3001 ERROR: status = -22");
  }
  dropDead(world, host, volume);
  const slot = freeSlot(volume);
  if (slot === undefined) return giveUp(22, "(mount.ocfs2,2703,0):ocfs2_find_slot:469 ERROR: no free slots available!");
  volume.slots.set(slot, node.number);
  const readOnly = options.includes("ro");
  const heartbeat = `heartbeat=${global ? "global" : "local"}`;
  const shown = [readOnly ? "ro" : "rw", ...options.filter((option) => option !== "rw" && option !== "ro")];
  host.running.mounts.push({
    source: device,
    mountPoint,
    type: "ocfs2",
    options: [...shown, heartbeat, ...kernelOptions],
    fileSystem: mountedView(volume, disk.block.device, readOnly),
    root: "/",
  });
  const backing = backingName(world, host, disk);
  o2cb.mounts.push({
    device,
    mountPoint,
    uuid: volume.uuid,
    content: disk.content,
    slot,
    node: node.number,
    backing,
    users: [],
    close,
  });
  record(world, host, { kind: "Mounted", device, uuid: volume.uuid, mountPoint, backing, options });
  return well;
}

/** A read of the device: returns true, hangs until a vblade answers, or returns false once the driver gives up. */
export function* readable(world: World, host: Host, disk: SharedDisk): Generator<number, boolean> {
  while (!answers(world, host, disk.aoe)) {
    if (disk.aoe?.up === false) return false;
    yield 1000;
  }
  return true;
}

function disagree(world: World, host: Host, other: Host): void {
  const [mine, theirs] = [host.running.o2cb.cluster, other.running.o2cb.cluster];
  const node = theirs && localNode(theirs);
  if (mine === undefined || theirs === undefined || node === undefined) return;
  const who = `node ${node.name} (num ${node.number}) at ${node.address}:${node.port}`;
  if (mine.idle !== theirs.idle) {
    const differ = `uses a network idle timeout of ${theirs.idle} ms, but we use ${mine.idle} ms locally. Disconnecting.`;
    kernelSays(world, host, "Network", node.name, `o2net: ${who} ${differ}`);
    return;
  }
  const words = "check network and cluster configuration.";
  const seconds = (mine.idle / 1000).toFixed(1);
  const message = `o2net: No connection established with node ${node.number} after ${seconds} seconds, ${words}`;
  kernelSays(world, host, "Network", String(node.number), message);
}

/** Frees the slots of nodes without a heartbeat. */
function dropDead(world: World, host: Host, volume: Ocfs2Volume): void {
  const { cluster } = host.running.o2cb;
  if (cluster === undefined) return;
  const me = localNode(cluster)?.number;
  for (const node of new Set(volume.slots.values())) {
    const beat = volume.beats.get(node);
    const unheard = !cluster.nodes.has(node);
    if (node === me || unheard || beat === undefined || !isAlive(beat, world.agenda.time, deadAfter(cluster))) {
      recover(world, host, volume, node);
    }
  }
}

function freeSlot(volume: Ocfs2Volume): number | undefined {
  for (let slot = 0; slot < volume.nodeSlots; slot++) if (!volume.slots.has(slot)) return slot;
  return undefined;
}

/** `umount MOUNTPOINT`; blocks while the device does not answer. */
export function* unmountOcfs2(world: World, host: Host, mountPoint: string): Generator<number, Ended> {
  const { o2cb, mounts } = host.running;
  const mount = o2cb.mounts.find((one) => one.mountPoint === mountPoint);
  if (mount === undefined) return { exitCode: 32, stderr: `umount: ${mountPoint}: not mounted.\n` };
  const busy: Ended = { exitCode: 32, stderr: `umount: ${mountPoint}: target is busy.\n` };
  if (usersOf(host, mountPoint).length > 0) return busy;
  const disk = sharedDisk(host, mount.device);
  if (disk !== undefined) yield* readable(world, host, disk);
  yield world.timings.unmount;
  if (usersOf(host, mountPoint).length > 0) return busy;
  const at = o2cb.mounts.indexOf(mount);
  if (at === -1) return well;
  o2cb.mounts.splice(at, 1);
  const shown = mounts.findIndex((one) => one.mountPoint === mountPoint && one.type === "ocfs2");
  if (shown !== -1) mounts.splice(shown, 1);
  mount.content.ocfs2?.slots.delete(mount.slot);
  const { device, uuid, backing } = mount;
  record(world, host, { kind: "Unmounted", device, uuid, mountPoint, backing });
  const region = o2cb.regions.get(regionName(mount.uuid));
  if (region !== undefined && o2cb.cluster?.heartbeatMode === "Local") stopRegion(world, host, region);
  mount.close();
  return well;
}

/** errors=remount-ro after the kernel found an error: only this host's mount becomes read-only. */
export function remountReadOnly(world: World, host: Host, mount: Ocfs2Mount, why: string): void {
  const shown = host.running.mounts.find((one) => one.mountPoint === mount.mountPoint && one.type === "ocfs2");
  if (shown === undefined) return;
  shown.fileSystem.readOnly = true;
  kernelSays(world, host, "Ocfs2Error", mount.device.replace(/^\/dev\//, ""), why);
  record(world, host, { kind: "RemountedReadOnly", device: mount.device, mountPoint: mount.mountPoint });
}
