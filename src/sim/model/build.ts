import type { RackFile, RackHost } from "../rack-file.ts";
import { createAgenda } from "./agenda.ts";
import type { FileSystem, Mount } from "./content.ts";
import { diskContent, uuidOf } from "./disk-content.ts";
import { createFileSystem, makeDirectories, placeFile } from "./filesystem.ts";
import type { BlockDevice } from "./hardware.ts";
import { unpack } from "./packages.ts";
import { arrive, fence, freshRunning } from "./power.ts";
import { watchClusters } from "./quorum.ts";
import type { Host, Hypervisor, Timings, World } from "./state.ts";
import { freshXenWorld } from "./xen-state.ts";

const blockMajors: Readonly<Record<string, number>> = { vd: 254, sd: 8, hd: 3, xvd: 202 };

/** `major:minor` of a disk by its kernel name: vdb is 254:16. */
function deviceNumber(path: string, index: number): string {
  const match = /^\/dev\/(vd|sd|hd|xvd)([a-z])(\d*)$/.exec(path);
  if (match === null) return `259:${index}`;
  const letter = (match[2] ?? "a").charCodeAt(0) - "a".charCodeAt(0);
  return `${blockMajors[match[1] ?? ""] ?? 259}:${letter * 16 + Number(match[3] || "0")}`;
}

function buildHost(name: string, file: RackHost, options: { now: number; salt: string }): Host {
  const blocks = new Map<string, BlockDevice>();
  const fstab: Mount[] = [];
  const groups: Host["volumeGroups"] = new Map();
  let root: FileSystem | undefined;
  file.disks.forEach((disk, index) => {
    const device = deviceNumber(disk.path, index);
    const signature = disk.volumeGroup === undefined ? disk.signature : "LVM2_member";
    const content = diskContent(`${name} ${disk.path}`, { ...disk, signature });
    blocks.set(device, {
      path: disk.path,
      device,
      sizeBytes: disk.size,
      type: /\d$/.test(disk.path) ? "part" : "disk",
      content,
      says: disk.serial === undefined ? "" : `serial:${disk.serial}`,
      holders: new Set(),
      links: disk.serial === undefined ? disk.links : [...disk.links, `/dev/disk/by-id/virtio-${disk.serial}`],
    });
    if (disk.mountPoint !== undefined) {
      const type = signature === "" ? "ext4" : signature;
      const fileSystem = createFileSystem(
        type,
        device,
        Math.floor(disk.size * 0.8),
        content.uuid || uuidOf(`fs ${name} ${disk.path}`),
      );
      if (disk.mountPoint === "/") root = fileSystem;
      const options = ["rw", "relatime"];
      fstab.push({ source: disk.path, mountPoint: disk.mountPoint, type, options, fileSystem, root: "/" });
    }
    if (disk.volumeGroup !== undefined) {
      const extentBytes = 4 * 2 ** 20;
      // One extent goes to the metadata area and to rounding.
      const sizeBytes = (Math.ceil(disk.size / extentBytes) - 1) * extentBytes;
      const group = groups.get(disk.volumeGroup);
      if (group !== undefined) {
        group.sizeBytes += sizeBytes;
        group.physicalVolumes.push(device);
      } else {
        const name = disk.volumeGroup;
        groups.set(name, { name, extentBytes, sizeBytes, physicalVolumes: [device], volumes: new Map() });
      }
    }
  });
  if (root === undefined) throw new Error(`${name} has no disk mounted at /`);
  fstab.sort((a, b) => a.mountPoint.length - b.mountPoint.length);
  layOut(root, name, file);
  const host: Omit<Host, "running"> = {
    name,
    roles: file.roles,
    machineId: uuidOf(`machine ${name}`).replaceAll("-", ""),
    os: file.os,
    kernel: file.kernel,
    init: file.init,
    packageManager: file.packageManager,
    kernelAoe: file.aoe,
    kernelOcfs2: file.ocfs2,
    hypervisor: hypervisorOf(file),
    memoryBytes: file.memory,
    cpus: file.cpus,
    interfaces: new Map(
      file.interfaces.map((nic) => [
        nic.name,
        {
          name: nic.name,
          mac: nic.mac,
          mtu: nic.mtu,
          adminUp: false,
          cable: "Plugged",
          segment: nic.segment,
          ...(nic.master === undefined ? {} : { master: nic.master }),
          address: nic.address ?? "",
        },
      ]),
    ),
    blocks,
    volumeGroups: groups,
    rootFileSystem: root,
    fstab,
    packages: new Map(),
    repository: file.repository,
    boots: 1,
    watchdog: file.xen.watchdog === undefined ? undefined : { seconds: file.xen.watchdog, atBoot: true },
    management: "Connected",
    power: "On",
  };
  return Object.assign(host, { running: freshRunning(host, options.salt, options.now) });
}

/** Only a dom0 runs under Xen. */
function hypervisorOf(file: RackHost): Hypervisor {
  const { toolstack, version, dom0Memory, autoballoon, hardwareCapabilities, virtualisation } = file.xen;
  const { bridges, ovsBridges } = file.xen;
  const [, major = "4", minor = "17", extra = ""] = /^(\d+)\.(\d+)(.*)$/.exec(version) ?? [];
  // Xen does not count the last MiB, as seen on the lab.
  const totalMemory = Math.floor(file.memory / 2 ** 20) - 1;
  return {
    running: file.roles.includes("dom0") && toolstack !== "none",
    version: { major: Number(major), minor: Number(minor), extra },
    totalMemory,
    dom0Memory: Math.floor((dom0Memory ?? Math.min(2 ** 30, file.memory / 2)) / 2 ** 20),
    autoballoon,
    hardwareCapabilities,
    virtualisation,
    bridges,
    ovsBridges,
  };
}

/** What a dom0 has before xensan: it was installed with Xen. */
function xenPackages(file: RackHost): string[] {
  if (!file.roles.includes("dom0") || file.xen.toolstack === "none") return [];
  return [file.xen.toolstack === "xl" ? "xen-utils-common" : "xen-utils-4.1"];
}

function layOut(root: FileSystem, name: string, file: RackHost): void {
  const directories = [
    "/etc/modprobe.d",
    "/etc/modules-load.d",
    "/etc/network/interfaces.d",
    "/etc/systemd/system",
    "/etc/sysctl.d",
    "/etc/default",
    "/var/lib",
    "/srv",
    "/root",
  ];
  for (const path of ["/dev", "/run", "/proc", "/sys", "/tmp", ...directories, ...file.directories]) {
    makeDirectories(root, path);
  }
  placeFile(root, "/etc/hostname", { text: `${name}\n` });
  const automatic = file.interfaces.filter((nic) => nic.state === "Up").map((nic) => `auto ${nic.name}\n`);
  placeFile(root, "/etc/network/interfaces", { text: `source /etc/network/interfaces.d/*\n${automatic.join("")}` });
  if (file.init === "sysvinit") {
    placeFile(root, "/etc/inittab", { text: "id:2:initdefault:\nsi::sysinit:/etc/init.d/rcS\n" });
  }
  if (file.roles.includes("dom0")) {
    for (const release of [file.kernel, "guest"])
      for (const name of ["vmlinuz", "initrd.img"])
        placeFile(root, `/boot/${name}-${release}`, { sizeBytes: 8 * 2 ** 20 });
  }
  for (const { path, text, size, signature } of file.files) {
    placeFile(root, path, {
      ...(text === undefined ? {} : { text }),
      ...(size === undefined ? {} : { sizeBytes: size }),
      ...(signature === undefined ? {} : { signature }),
    });
  }
  for (const [path, target] of Object.entries(file.symlinks)) {
    makeDirectories(root, path.slice(0, path.lastIndexOf("/")));
    root.nodes.set(path, { kind: "Symlink", inode: root.nextInode++, target });
  }
}

/** The model of a rack, all hosts booted. */
export function buildWorld(file: RackFile, options: { now: number; timings: Timings; salt: string }): World {
  const world: World = {
    hosts: new Map(),
    segments: new Map(),
    splits: new Set(),
    brokenLinks: new Map(),
    fence: (host, why) => fence(world, host, why),
    xen: freshXenWorld(),
    agenda: createAgenda(options.now),
    timings: options.timings,
    events: [],
    listeners: new Set(),
    command: undefined,
    commands: 0,
    salt: options.salt,
  };
  watchClusters(world);
  for (const [name, description] of Object.entries(file.hosts)) {
    const host = buildHost(name, description, options);
    world.hosts.set(name, host);
    for (const nic of host.interfaces.values()) {
      const plugged = world.segments.get(nic.segment);
      if (plugged === undefined) world.segments.set(nic.segment, [{ host, nic }]);
      else plugged.push({ host, nic });
    }
    for (const packageName of [...description.packages, ...xenPackages(description)]) unpack(host, packageName);
    arrive(world, host);
  }
  return world;
}
