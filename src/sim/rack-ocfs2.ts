import type { Ocfs2Volume } from "./model/content.ts";
import { overwrite } from "./model/content.ts";
import { type DiskDescription, diskContent } from "./model/disk-content.ts";
import type { Cluster, Ocfs2Mount } from "./model/o2cb-state.ts";
import { play } from "./model/ocfs2-boot.ts";
import { mountOcfs2, remountReadOnly, unmountOcfs2 } from "./model/ocfs2-mount.ts";
import { lastBeat } from "./model/ocfs2-volume.ts";
import { answers, type SharedDisk, sharedDisk } from "./model/shared-disk.ts";
import type { Host, World } from "./model/state.ts";
import { resolve, type WriteError, writeText } from "./model/storage.ts";

/** Reads and disturbs the shared file systems of a rack from outside. */
export interface Ocfs2Words {
  /** The OCFS2 on a device of this host. */
  superblockOf(host: string, device: string): Ocfs2Volume | undefined;
  mountsOf(host: string): readonly Ocfs2Mount[];
  clusterOf(host: string): Cluster | undefined;
  /** A program writes a file. `Hangs`: its device does not answer, so the program waits. */
  writeIn(host: string, path: string, text: string): "Written" | "Hangs" | WriteError;
  /** Keeps a mount busy: `process 5278 sleep`. */
  addUser(host: string, mountPoint: string, user: string): void;
  removeUser(host: string, mountPoint: string, user: string): void;
  /** A user types mount or umount; returns without waiting for the end. */
  mount(host: string, device: string, mountPoint: string): void;
  unmount(host: string, mountPoint: string): void;
  /** The kernel found an error: errors=remount-ro. */
  remountReadOnly(host: string, mountPoint: string): void;
  /** A host outside the rack starts or stops writing the heartbeat of a node to the device that this host sees. */
  strangerBeats(host: string, device: string, node: number): void;
  strangerStops(host: string, device: string, node: number): void;
  /** Replaces the content of a disk. */
  overwrite(host: string, device: string, found: Omit<DiskDescription, "size">): void;
  /** As `hostname NAME`, until the next boot. */
  setHostname(host: string, name: string): void;
}

/** `disturb` brings the rack up to now, and records what was done to which host. */
export function ocfs2Words(
  world: World,
  hostNamed: (name: string) => Host,
  disturb: (host: string, fault: string, act: (host: Host) => void) => void,
): Ocfs2Words {
  const diskOf = (host: Host, device: string): SharedDisk => {
    const disk = sharedDisk(host, device);
    if (disk === undefined) throw new Error(`${host.name} has no device ${device}`);
    return disk;
  };
  const mountOn = (host: Host, mountPoint: string): Ocfs2Mount => {
    const mount = host.running.o2cb.mounts.find((one) => one.mountPoint === mountPoint);
    if (mount === undefined) throw new Error(`${host.name} has no OCFS2 mounted on ${mountPoint}`);
    return mount;
  };
  const beatsOf = (host: Host, device: string) => {
    const volume = diskOf(host, device).content.ocfs2;
    if (volume === undefined) throw new Error(`${device} of ${host.name} holds no OCFS2`);
    return volume.beats;
  };

  return {
    superblockOf: (name, device) => sharedDisk(hostNamed(name), device)?.content.ocfs2,
    mountsOf: (name) => hostNamed(name).running.o2cb.mounts,
    clusterOf: (name) => hostNamed(name).running.o2cb.cluster,
    writeIn(name, path, text) {
      let result: ReturnType<Ocfs2Words["writeIn"]> = "Written";
      disturb(name, `${path} written`, (host) => {
        const { mountPoint } = resolve(host, path).mount;
        const mount = host.running.o2cb.mounts.find((one) => one.mountPoint === mountPoint);
        const disk = mount === undefined ? undefined : sharedDisk(host, mount.device);
        const hangs = disk !== undefined && !answers(world, host, disk.aoe);
        result = hangs ? "Hangs" : (writeText(world, host, path, text) ?? "Written");
      });
      return result;
    },
    addUser: (name, mountPoint, user) =>
      disturb(name, `${user} on ${mountPoint}`, (host) => {
        mountOn(host, mountPoint).users.push(user);
      }),
    removeUser: (name, mountPoint, user) =>
      disturb(name, `no ${user} on ${mountPoint}`, (host) => {
        const { users } = mountOn(host, mountPoint);
        const at = users.indexOf(user);
        if (at !== -1) users.splice(at, 1);
      }),
    mount: (name, device, mountPoint) =>
      disturb(name, `mount ${device} ${mountPoint}`, (host) =>
        play(world, host, mountOcfs2(world, host, device, mountPoint, [])),
      ),
    unmount: (name, mountPoint) =>
      disturb(name, `umount ${mountPoint}`, (host) => play(world, host, unmountOcfs2(world, host, mountPoint))),
    remountReadOnly: (name, mountPoint) =>
      disturb(name, `${mountPoint} remounted read-only`, (host) => {
        const why = `OCFS2: ERROR (device ${mountOn(host, mountPoint).device.slice("/dev/".length)}): On-disk corruption discovered. File system is now read-only.`;
        remountReadOnly(world, host, mountOn(host, mountPoint), why);
      }),
    strangerBeats: (name, device, node) =>
      disturb(name, `a stranger beats as node ${node}`, (host) => {
        beatsOf(host, device).set(node, { from: world.agenda.time, until: undefined, writer: undefined });
      }),
    strangerStops: (name, device, node) =>
      disturb(name, `the stranger ${node} is silent`, (host) => {
        const beat = beatsOf(host, device).get(node);
        if (beat?.writer === undefined && beat?.until === undefined && beat !== undefined) {
          beat.until = lastBeat(beat, world.agenda.time);
        }
      }),
    overwrite: (name, device, found) =>
      disturb(name, `${device} overwritten`, (host) => {
        const { content, block } = diskOf(host, device);
        overwrite(content, diskContent(`${name} ${device}`, { ...found, size: block.sizeBytes }));
      }),
    setHostname: (name, hostname) =>
      disturb(name, `hostname ${hostname}`, (host) => {
        host.running.hostname = hostname;
      }),
  };
}
