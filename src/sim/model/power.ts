import { discover, loadDriver } from "./aoe-driver.ts";
import type { Mount } from "./content.ts";
import { uuidOf } from "./disk-content.ts";
import { endAllDomains, pause } from "./domain.ts";
import { createFileSystem, resolvePath } from "./filesystem.ts";
import { askToShutDown } from "./guest.ts";
import type { Interface } from "./hardware.ts";
import { loseHeartbeats } from "./heartbeat.ts";
import { rereadInittab } from "./inittab.ts";
import { upAtBoot } from "./interfaces.ts";
import { moduleParameters, modulesAtBoot } from "./modules.ts";
import { freshO2cb, localNode } from "./o2cb-state.ts";
import { bootOcfs2 } from "./ocfs2-boot.ts";
import type { Host, Running, World } from "./state.ts";
import { addBlock, readText } from "./storage.ts";
import { sysctlAtBoot } from "./sysctl.ts";
import { bootLink, startExports } from "./systemd.ts";
import { interfaceWentDown } from "./vblade.ts";
import { byItself, later, record } from "./world.ts";
import { freshXen } from "./xen-state.ts";

const pseudo = (type: string, mountPoint: string, device: string): Mount => ({
  source: type,
  mountPoint,
  type,
  options: ["rw", "nosuid", "relatime"],
  fileSystem: createFileSystem(type, device, 256 * 1024 * 1024),
  root: "/",
});

/** The state of a host whose kernel has just started: only the mounts of fstab. */
export function freshRunning(host: Omit<Host, "running">, salt: string, now: number): Running {
  const mounts = [...host.fstab, pseudo("devtmpfs", "/dev", "0:6"), pseudo("tmpfs", "/run", "0:24")];
  const hostname = resolvePath(mounts, "/etc/hostname").node;
  return {
    bootId: uuidOf(`boot ${salt} ${host.name} ${host.boots}`),
    bootedAt: now,
    hostname: (hostname?.kind === "File" ? (hostname.text ?? "") : "").trim().split(".")[0] || host.name,
    goingDown: false,
    sysctl: sysctlAtBoot(mounts),
    log: [],
    o2cb: freshO2cb(),
    xen: freshXen(),
    mounts,
    modules: new Set(),
    processes: new Map(),
    units: new Map(),
    inittab: new Map(),
    aoe: {
      loaded: false,
      interfaces: [],
      deadSeconds: 180,
      devices: new Map(),
      nextMinor: 0,
      cancelDiscovery: undefined,
    },
    swaps: new Set(),
    loops: new Map(),
    writers: new Map(),
    locks: new Map(),
    dpkgLock: undefined,
    nextPid: 400,
  };
}

/** Cuts the power: everything volatile is lost at once, without notice to any program. */
export function powerOff(world: World, host: Host, why = "power off"): void {
  if (host.power === "Off") return;
  byItself(world, () => {
    host.power = "Off";
    endAllDomains(world, host, why);
    for (const process of host.running.processes.values()) {
      record(world, host, {
        kind: "VbladeStopped",
        pid: process.pid,
        shelf: process.shelf,
        slot: process.slot,
        segment: host.interfaces.get(process.interface)?.segment ?? "",
        identity: process.identity,
        why,
      });
    }
    for (const device of host.running.aoe.devices.values()) {
      host.blocks.delete(device.device);
      for (const opener of device.openers) {
        const name = `e${device.shelf}.${device.slot}`;
        record(world, host, { kind: "DeviceClosed", device: name, by: opener.name });
      }
    }
    for (const mount of host.running.o2cb.mounts) {
      const { device, uuid, mountPoint, backing } = mount;
      record(world, host, { kind: "Unmounted", device, uuid, mountPoint, backing });
    }
    loseHeartbeats(world, host);
    host.running.processes.clear();
    host.running.aoe.devices.clear();
    for (const nic of host.interfaces.values()) nic.adminUp = false;
    record(world, host, { kind: "HostDown", why });
  });
}

/** Boots from the disks: only what the configuration files say comes back. */
export function powerOn(world: World, host: Host): void {
  if (host.power !== "Off") return;
  host.power = "Booting";
  host.boots += 1;
  if (host.watchdog?.atBoot === false) host.watchdog = undefined;
  host.running = freshRunning(host, world.salt, world.agenda.time);
  later(world, host, world.timings.boot, () => arrive(world, host));
}

/** How long services take to stop after the domains were asked to shut down, in milliseconds. */
const stopMs = 30_000;

/** A user types `poweroff` or `reboot`: xendomains asks every domain to shut down; the rest end with the machine. */
export function goDown(world: World, host: Host, then: "Off" | "Reboot"): void {
  if (host.power !== "On" || host.running.goingDown) return;
  host.running.goingDown = true;
  for (const domain of [...host.running.xen.domains.values()]) askToShutDown(world, host, domain);
  later(world, host, stopMs, () => (then === "Off" ? powerOff : reset)(world, host, `typed on ${host.name}`));
}

/**
 * dom0 hangs: it answers no request and writes nothing, nor do its domains write to their disks. A watchdog of Xen
 * resets the machine; otherwise it stays so.
 */
export function hang(world: World, host: Host): void {
  if (host.power !== "On") return;
  byItself(world, () => {
    host.management = "Cut";
    for (const domain of host.running.xen.domains.values()) pause(world, host, domain);
    loseHeartbeats(world, host);
  });
  const { watchdog } = host;
  if (watchdog === undefined) return;
  later(world, host, watchdog.seconds * 1000, () => {
    host.management = "Connected";
    reset(world, host, "watchdog");
  });
}

/** A reset: power off and on again at once. */
export function reset(world: World, host: Host, why = "reset"): void {
  powerOff(world, host, why);
  powerOn(world, host);
}

/** The end of the boot: devices, interfaces, modules, exports, in the order of Debian's boot. */
export function arrive(world: World, host: Host): void {
  host.power = "On";
  for (const block of [...host.blocks.values()]) addBlock(host, block);
  record(world, host, { kind: "HostUp", bootId: host.running.bootId });
  for (const nic of host.interfaces.values()) {
    if (upAtBoot(host, nic.name)) switchOn(world, host, nic);
  }
  if (host.kernelAoe === "BuiltIn" || (host.kernelAoe === "Module" && modulesAtBoot(host).has("aoe"))) {
    loadDriver(world, host, moduleParameters(host, "aoe"));
    discover(world, host);
  }
  if (host.init === "sysvinit") rereadInittab(world, host);
  else if (host.packages.has("vblade") && readText(host, bootLink) !== undefined) startExports(world, host);
  bootOcfs2(world, host);
}

/** A node fences itself: it resets at once, or panics and reboots after kernel.panic seconds, never if that is 0. */
export function fence(world: World, host: Host, why: string): void {
  const { cluster } = host.running.o2cb;
  const node = (cluster && localNode(cluster)?.number) ?? -1;
  byItself(world, () => record(world, host, { kind: "NodeFenced", node, why }));
  if (cluster?.fenceMethod !== "Panic") {
    reset(world, host, `fenced: ${why}`);
    return;
  }
  const seconds = Number(host.running.sysctl.get("kernel.panic") ?? "0");
  const { boots } = host;
  powerOff(world, host, `panic: ${why}`);
  if (seconds <= 0) return;
  world.agenda.after(seconds * 1000, () => {
    if (host.boots === boots) powerOn(world, host);
  });
}

/** `ip link set up`. */
export function switchOn(world: World, host: Host, nic: Interface): void {
  if (nic.adminUp) return;
  nic.adminUp = true;
  record(world, host, { kind: "InterfaceUp", interface: nic.name });
}

/** `ip link set down`. */
export function switchOff(world: World, host: Host, nic: Interface): void {
  if (!nic.adminUp) return;
  nic.adminUp = false;
  record(world, host, { kind: "InterfaceDown", interface: nic.name });
  byItself(world, () => interfaceWentDown(world, host, nic.name));
}
