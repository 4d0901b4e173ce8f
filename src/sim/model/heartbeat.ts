import { openDevice, readDevice } from "./aoe-driver.ts";
import type { Ocfs2Volume } from "./content.ts";
import { kernelSays } from "./kernel-log.ts";
import { evictLeases } from "./lease.ts";
import { deadAfter, type Region, writeTimeout } from "./o2cb-state.ts";
import { connected } from "./o2net.ts";
import { isAlive, lastBeat, regionName } from "./ocfs2-volume.ts";
import { answers, type SharedDisk } from "./shared-disk.ts";
import type { Host, World } from "./state.ts";
import { later, record } from "./world.ts";

/** How often a hanging node asks the other nodes again, in milliseconds. */
const askAgainMs = 5000;
/** How long asking and agreeing takes: rounds of 61.4 s were seen with a threshold of 61. */
const roundTripMs = 1500;

/** `etherd/e0.1`, as the kernel prints a device. */
const shortName = (device: string) => device.replace(/^\/dev\//, "");

/** Starts writing the heartbeat of the host; undefined when the device cannot be opened. */
export function startRegion(
  world: World,
  host: Host,
  disk: SharedDisk,
  volume: Ocfs2Volume,
  node: number,
  opener?: string,
): Region | undefined {
  const opened =
    disk.aoe === undefined || opener === undefined ? () => undefined : openDevice(world, host, disk.aoe, opener);
  if (opened === "NoSuchDevice") return undefined;
  const region: Region = {
    uuid: regionName(volume.uuid),
    device: disk.path,
    content: disk.content,
    aoe: disk.aoe,
    node,
    hungSince: undefined,
    armedAt: world.agenda.time,
    failed: false,
    errors: false,
    close: opened,
  };
  const other = volume.beats.get(node);
  if (other !== undefined && other.until === undefined && other.writer !== host.name) {
    const message = `o2hb: ERROR: region ${region.uuid}: another node is heartbeating in our slot!`;
    kernelSays(world, host, "Heartbeat", region.uuid, message);
  }
  volume.beats.set(node, { from: world.agenda.time, until: undefined, writer: host.name });
  host.running.o2cb.regions.set(region.uuid, region);
  record(world, host, { kind: "HeartbeatStarted", uuid: volume.uuid, node });
  return region;
}

/** Stops the heartbeat of a region on this host and closes its device. */
export function stopRegion(world: World, host: Host, region: Region): void {
  if (host.running.o2cb.regions.get(region.uuid) !== region) return;
  host.running.o2cb.regions.delete(region.uuid);
  silence(world, host, region);
  region.close();
  record(world, host, { kind: "HeartbeatStopped", uuid: region.content.ocfs2?.uuid ?? "", node: region.node });
}

/** Ends the writes of a region now. */
function silence(world: World, host: Host, region: Region): void {
  const beat = region.content.ocfs2?.beats.get(region.node);
  if (beat !== undefined && beat.until === undefined && beat.writer === host.name) {
    beat.until = lastBeat(beat, world.agenda.time);
  }
}

/**
 * The host is gone at once. The hosts that have the file system mounted notice after the threshold, and replay its
 * journal.
 */
export function loseHeartbeats(world: World, host: Host): void {
  const { cluster, regions } = host.running.o2cb;
  for (const region of regions.values()) {
    silence(world, host, region);
    const volume = region.content.ocfs2;
    record(world, host, { kind: "HeartbeatStopped", uuid: volume?.uuid ?? "", node: region.node });
    if (volume === undefined || cluster === undefined) continue;
    const died = volume.beats.get(region.node);
    world.agenda.after(deadAfter(cluster) + 2000, () => {
      if (volume.beats.get(region.node) !== died || region.content.ocfs2 !== volume) return;
      const alive = mounters(world, volume).sort((a, b) => a.node - b.node);
      for (const other of alive) {
        const node = other.host.running.o2cb.cluster?.nodes.get(region.node);
        if (node === undefined) continue;
        const who = `node ${node.name} (num ${node.number}) at ${node.address}:${node.port}`;
        kernelSays(world, other.host, "Network", node.name, `o2net: No longer connected to ${who}`);
      }
      const [first] = alive;
      if (first !== undefined) recover(world, first.host, volume, region.node);
    });
  }
  regions.clear();
}

/** Replays the journal of a dead node and frees its slot. */
export function recover(world: World, host: Host, volume: Ocfs2Volume, node: number): void {
  evictLeases(volume.files, node);
  for (const [slot, owner] of [...volume.slots]) {
    if (owner !== node) continue;
    volume.slots.delete(slot);
    record(world, host, { kind: "NodeRecovered", uuid: volume.uuid, node });
  }
}

/** The hosts that have the file system mounted now. */
export function mounters(world: World, volume: Ocfs2Volume): { host: Host; node: number }[] {
  const found: { host: Host; node: number }[] = [];
  for (const host of world.hosts.values()) {
    if (host.power !== "On") continue;
    const mount = host.running.o2cb.mounts.find((one) => one.content.ocfs2 === volume);
    if (mount !== undefined) found.push({ host, node: mount.node });
  }
  return found;
}

/** Numbers of the nodes that the host counts as alive on disk, itself included. */
export function liveNodes(world: World, host: Host): Set<number> {
  const { cluster, regions } = host.running.o2cb;
  const alive = new Set<number>();
  if (cluster === undefined) return alive;
  const now = world.agenda.time;
  for (const region of regions.values()) {
    alive.add(region.node);
    for (const [node, beat] of region.content.ocfs2?.beats ?? []) {
      const deaf = region.hungSince !== undefined && now - region.hungSince > deadAfter(cluster);
      if (!deaf && cluster.nodes.has(node) && isAlive(beat, now, deadAfter(cluster))) alive.add(node);
    }
  }
  return alive;
}

/** Checks again for every region whether its writes hang or return. */
export function checkRegions(world: World): void {
  for (const host of world.hosts.values()) {
    if (host.power !== "On") continue;
    for (const region of host.running.o2cb.regions.values()) {
      const writes = answers(world, host, region.aoe);
      if (writes && region.hungSince !== undefined) resume(world, host, region);
      else if (!writes && region.hungSince === undefined) hang(world, host, region);
      if (region.aoe?.up === false && !region.errors) complain(world, host, region);
    }
  }
}

/** The driver has given the device up: from now on writes fail instead of hanging. */
function complain(world: World, host: Host, region: Region): void {
  region.errors = true;
  const device = shortName(region.device);
  kernelSays(world, host, "IoError", device, `I/O error, dev ${device}, sector 0 op 0x1:(WRITE)`);
  const thread = region.uuid.slice(0, 10);
  kernelSays(world, host, "Heartbeat", thread, `(o2hb-${thread},478,0):o2hb_do_disk_heartbeat:1164 ERROR: status = -5`);
}

function resume(world: World, host: Host, region: Region): void {
  region.hungSince = undefined;
  region.failed = false;
  region.content.ocfs2?.beats.set(region.node, { from: world.agenda.time, until: undefined, writer: host.name });
  record(world, host, { kind: "HeartbeatResumed", uuid: region.content.ocfs2?.uuid ?? "", node: region.node });
}

function hang(world: World, host: Host, region: Region): void {
  const now = world.agenda.time;
  silence(world, host, region);
  region.hungSince = now;
  region.armedAt = region.content.ocfs2?.beats.get(region.node)?.until ?? now;
  record(world, host, { kind: "HeartbeatHung", uuid: region.content.ocfs2?.uuid ?? "", node: region.node });
  if (region.aoe !== undefined) readDevice(world, host, region.aoe);
  arm(world, host, region);
}

/** Arms O2HB_MAX_WRITE_TIMEOUT_MS from the last write or agreement; half of it before the other nodes are asked. */
function arm(world: World, host: Host, region: Region): void {
  const { cluster, regions } = host.running.o2cb;
  if (cluster === undefined) return;
  const { armedAt, hungSince } = region;
  const timeout = writeTimeout(cluster);
  const passed = world.agenda.time - armedAt;
  const still = () =>
    region.hungSince === hungSince && region.armedAt === armedAt && regions.get(region.uuid) === region;
  const ask = () => {
    if (!still() || negotiate(world, host, region)) return;
    later(world, host, askAgainMs, ask);
  };
  later(world, host, timeout / 2 + roundTripMs - passed, ask);
  later(world, host, timeout - passed, () => {
    if (still()) giveUp(world, host, region);
  });
}

/**
 * When all nodes of a region hang, the storage is at fault: the node with the lowest number tells all nodes to keep
 * waiting. After writes fail with an error no node asks again. Returns true when there is nothing left to ask.
 */
function negotiate(world: World, host: Host, region: Region): boolean {
  if (region.aoe?.up === false) return true;
  const volume = region.content.ocfs2;
  const sharing: { host: Host; region: Region }[] = [];
  for (const other of world.hosts.values()) {
    const theirs = other.power === "On" ? other.running.o2cb.regions.get(region.uuid) : undefined;
    if (theirs?.content.ocfs2 === volume && theirs !== undefined) sharing.push({ host: other, region: theirs });
  }
  sharing.sort((a, b) => a.region.node - b.region.node);
  const master = sharing[0]?.host ?? host;
  const strangers = [...(volume?.beats.values() ?? [])].some(
    (beat) => beat.writer === undefined && beat.until === undefined,
  );
  const allHang = sharing.every((one) => one.region.hungSince !== undefined && one.region.aoe?.up !== false);
  const device = `region ${region.uuid} (${shortName(region.device)})`;
  if (!allHang || strangers || (master !== host && !connected(world, host, master))) {
    const since = Math.round((world.agenda.time - region.armedAt) / 1000);
    const message = `o2hb: node ${region.node} hb write hung for ${since}s on ${device}, negotiate timeout with node ${sharing[0]?.region.node ?? region.node}.`;
    if (region.armedAt === (volume?.beats.get(region.node)?.until ?? -1)) {
      kernelSays(world, host, "Heartbeat", region.uuid, message);
    }
    return false;
  }
  for (const one of sharing) {
    if (one.host !== master && !connected(world, one.host, master)) continue;
    if (one.host === master) {
      kernelSays(world, master, "Heartbeat", region.uuid, `o2hb: all nodes hb write hung, maybe ${device} is down.`);
    }
    one.region.armedAt = world.agenda.time;
    arm(world, one.host, one.region);
  }
  return true;
}

/** Handles the write timeout. With a global heartbeat a node survives while it writes more than half of its regions. */
function giveUp(world: World, host: Host, region: Region): void {
  region.failed = true;
  const regions = [...host.running.o2cb.regions.values()];
  const failed = regions.filter((one) => one.failed).length;
  if (host.running.o2cb.cluster?.heartbeatMode === "Global" && failed * 2 < regions.length) return;
  const ms = world.agenda.time - (region.hungSince ?? world.agenda.time);
  const why = `Heartbeat write timeout to device ${shortName(region.device)} after ${ms} milliseconds`;
  world.fence(host, why);
}
