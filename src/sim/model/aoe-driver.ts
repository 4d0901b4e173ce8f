import type { AoeDevice, Interface, VbladeProcess } from "./hardware.ts";
import { aoeName } from "./hardware.ts";
import { hearers, reaches } from "./network.ts";
import type { Host, World } from "./state.ts";
import { addBlock, dropBlock } from "./storage.ts";
import { later, record } from "./world.ts";

/** AoE's major number; minors are dynamic, 16 apart. */
const major = 152;
/** The driver repeats discovery by itself, for ever. */
const discoverEveryMs = 60_000;

const listens = (host: Host, nic: Interface) =>
  host.running.aoe.loaded &&
  (host.running.aoe.interfaces.length === 0 || host.running.aoe.interfaces.includes(nic.name));

/** `modprobe aoe` with these parameters, then discovery at intervals; no effect when the module is loaded. */
export function loadDriver(world: World, host: Host, parameters: ReadonlyMap<string, string>): void {
  const { aoe, modules } = host.running;
  if (aoe.loaded) return;
  modules.add("aoe");
  aoe.loaded = true;
  aoe.interfaces = (parameters.get("aoe_iflist") ?? "").split(/[\s,]+/).filter((name) => name !== "");
  aoe.deadSeconds = Number(parameters.get("aoe_deadsecs") ?? "180");
  record(world, host, { kind: "ModuleLoaded", module: "aoe" });
  const tick = () => {
    discover(world, host);
    aoe.cancelDiscovery = later(world, host, discoverEveryMs, tick);
  };
  tick();
}

/** rmmod: refuses while a device is open. */
export function unloadDriver(world: World, host: Host): "Unloaded" | "InUse" {
  const { aoe, modules } = host.running;
  if (!aoe.loaded) return "Unloaded";
  if ([...aoe.devices.values()].some((device) => device.openers.length > 0)) return "InUse";
  aoe.cancelDiscovery?.();
  for (const device of [...aoe.devices.values()]) drop(world, host, device);
  aoe.loaded = false;
  aoe.interfaces = [];
  modules.delete("aoe");
  record(world, host, { kind: "ModuleUnloaded", module: "aoe" });
  return "Unloaded";
}

/** Writes aoe_iflist; devices that were already found stay. */
export function setInterfaceList(world: World, host: Host, names: readonly string[]): void {
  host.running.aoe.interfaces = [...names];
  record(world, host, { kind: "ParameterSet", parameter: "aoe_iflist", value: names.join(" ") });
}

/** Sends a config query from every interface of the list; returns at once, the answers come later. */
export function discover(world: World, host: Host): void {
  for (const nic of host.interfaces.values()) {
    if (!listens(host, nic)) continue;
    for (const other of hearers(world, host, nic)) {
      for (const process of other.host.running.processes.values()) {
        if (process.interface === other.nic.name) answer(world, other.host, other.nic, process, host, nic);
      }
    }
  }
}

/** What a vblade sends when it starts: an unsolicited config response, to all hosts or to those in its masks. */
export function announce(world: World, host: Host, process: VbladeProcess): void {
  const nic = host.interfaces.get(process.interface);
  if (nic === undefined) return;
  for (const other of hearers(world, host, nic)) answer(world, host, nic, process, other.host, other.nic);
}

function answer(
  world: World,
  server: Host,
  out: Interface,
  process: VbladeProcess,
  client: Host,
  into: Interface,
): void {
  if (!listens(client, into) || !admits(process, into.mac)) return;
  later(world, client, world.timings.discovery, () => {
    if (server.running.processes.get(process.pid) !== process) return;
    if (!listens(client, into) || !reaches(world, server, out, client, into)) return;
    configResponse(world, client, into, out.mac, process);
  });
}

const admits = (process: VbladeProcess, mac: string) => process.masks.length === 0 || process.masks.includes(mac);

/** Mirrors aoecmd_cfg_rsp: the answering MAC becomes a path of the device; an open device is not asked for its size. */
function configResponse(world: World, host: Host, nic: Interface, mac: string, process: VbladeProcess): void {
  if (process.shelf === 0xfff || process.shelf === 0xffff || process.slot === 0xff) return;
  const { aoe } = host.running;
  const name = aoeName(process.shelf, process.slot);
  let device = aoe.devices.get(name);
  if (device === undefined) {
    device = {
      shelf: process.shelf,
      slot: process.slot,
      device: `${major}:${aoe.nextMinor}`,
      up: false,
      sizeBytes: 0,
      targets: new Map(),
      payload: 0,
      firmware: 0,
      openers: [],
      content: undefined,
    };
    aoe.nextMinor += 16;
    aoe.devices.set(name, device);
    record(world, host, { kind: "AoeDeviceAppeared", shelf: device.shelf, slot: device.slot });
  }
  const path = device.targets.get(mac);
  if (path === undefined) device.targets.set(mac, { mac, interfaces: new Set([nic.name]) });
  else path.interfaces.add(nic.name);
  const payload = Math.max(512, Math.floor((nic.mtu - 36) / 512) * 512);
  device.payload = device.payload === 0 ? payload : Math.min(device.payload, payload);
  if (device.openers.length === 0) identify(world, host, device, process);
}

/** The answer to ATA IDENTIFY: the device is up and has the size of the vblade that answered last. */
function identify(world: World, host: Host, device: AoeDevice, process: VbladeProcess): void {
  const wasUp = device.up;
  device.up = true;
  device.sizeBytes = process.sizeBytes;
  device.content = process.content;
  device.firmware = 0x4019;
  const block = host.blocks.get(device.device);
  if (block === undefined) {
    addBlock(host, {
      path: `/dev/etherd/${aoeName(device.shelf, device.slot)}`,
      device: device.device,
      sizeBytes: device.sizeBytes,
      type: "disk",
      content: process.content,
      says: "",
      holders: new Set(),
      links: [],
    });
  } else {
    block.sizeBytes = device.sizeBytes;
    block.content = process.content;
  }
  if (!wasUp) {
    const macs = [...device.targets.keys()].join(",");
    record(world, host, { kind: "AoeDeviceUp", shelf: device.shelf, slot: device.slot, macs });
  }
}

/** The vblades that would answer for this device now. */
export function answering(world: World, host: Host, device: AoeDevice): VbladeProcess[] {
  const found: VbladeProcess[] = [];
  for (const nic of host.interfaces.values()) {
    if (!listens(host, nic)) continue;
    for (const other of hearers(world, host, nic)) {
      for (const process of other.host.running.processes.values()) {
        const same = process.shelf === device.shelf && process.slot === device.slot;
        if (same && process.interface === other.nic.name && admits(process, nic.mac)) found.push(process);
      }
    }
  }
  return found;
}

/** aoe-revalidate: asks for the size again, open or not. A device that is down and held open stays down (closewait). */
export function revalidate(world: World, host: Host, shelf: number, slot: number): "Asked" | "NoSuchDevice" {
  const device = host.running.aoe.devices.get(aoeName(shelf, slot));
  if (device === undefined) return "NoSuchDevice";
  later(world, host, world.timings.discovery, () => {
    const process = answering(world, host, device)[0];
    if (process === undefined || (!device.up && device.openers.length > 0)) return;
    identify(world, host, device, process);
  });
  return "Asked";
}

/** aoe-flush without arguments: drops devices that are down and closed. */
export function flush(world: World, host: Host): void {
  for (const device of [...host.running.aoe.devices.values()]) {
    if (!device.up && device.openers.length === 0) drop(world, host, device);
  }
}

function drop(world: World, host: Host, device: AoeDevice): void {
  host.running.aoe.devices.delete(aoeName(device.shelf, device.slot));
  dropBlock(host, device.device);
  record(world, host, { kind: "AoeDeviceGone", shelf: device.shelf, slot: device.slot });
}

/**
 * Accesses the device. Without an answer it blocks for aoe_deadsecs; then the device is down until closed and found
 * again.
 */
export function readDevice(world: World, host: Host, device: AoeDevice): "Data" | "WillFail" | "NoSuchDevice" {
  if (!device.up) return "NoSuchDevice";
  if (answering(world, host, device).length > 0) return "Data";
  if (host.running.aoe.deadSeconds > 0) {
    later(world, host, host.running.aoe.deadSeconds * 1000, () => {
      if (device.up && answering(world, host, device).length === 0) goDown(world, host, device);
    });
  }
  return "WillFail";
}

function goDown(world: World, host: Host, device: AoeDevice): void {
  device.up = false;
  device.sizeBytes = 0;
  const block = host.blocks.get(device.device);
  if (block !== undefined) block.sizeBytes = 0;
  const macs = [...device.targets.keys()].join(",");
  record(world, host, { kind: "AoeDeviceDown", shelf: device.shelf, slot: device.slot, macs });
}

/** open(2) by a process or a mount; the returned function closes it. A device that is down cannot be opened. */
export function openDevice(world: World, host: Host, device: AoeDevice, by: string): (() => void) | "NoSuchDevice" {
  if (!device.up) return "NoSuchDevice";
  const opener = { name: by };
  device.openers.push(opener);
  const name = aoeName(device.shelf, device.slot);
  record(world, host, { kind: "DeviceOpened", device: name, by });
  return () => {
    const index = device.openers.indexOf(opener);
    if (index === -1) return;
    device.openers.splice(index, 1);
    record(world, host, { kind: "DeviceClosed", device: name, by });
    // aoeblk_release repeats discovery after the last close.
    if (device.openers.length === 0) discover(world, host);
  };
}

/** sysfs' `state`: up or down, then `,closewait` while it is down and still open. */
export function stateWord(device: AoeDevice): string {
  return device.up ? "up" : device.openers.length > 0 ? "down,closewait" : "down";
}
