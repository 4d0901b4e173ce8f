import { loadDriver } from "../../../src/sim/model/aoe-driver.ts";
import { blankContent, overwrite } from "../../../src/sim/model/content.ts";
import { uuidOf } from "../../../src/sim/model/disk-content.ts";
import { changed, makeDomain } from "../../../src/sim/model/domain.ts";
import { parseConfiguration } from "../../../src/sim/model/domain-configuration.ts";
import { makeDirectories, placeFile } from "../../../src/sim/model/filesystem.ts";
import { endHolder, leasesOn } from "../../../src/sim/model/lease.ts";
import { createVolume, regionName } from "../../../src/sim/model/ocfs2-volume.ts";
import { hostKeyOf, relocationFiles, withPeers } from "../../../src/sim/model/relocation.ts";
import { sharedDisk } from "../../../src/sim/model/shared-disk.ts";
import type { Domain, ShutdownReason } from "../../../src/sim/model/state.ts";
import {
  addBlock,
  createLogicalVolume,
  readText,
  removeLogicalVolume,
  resolve,
} from "../../../src/sim/model/storage.ts";
import { endVblade, startVblade } from "../../../src/sim/model/vblade.ts";
import { changedRack, stage } from "../sim/tutorial.ts";
import { changes, treeOfModel } from "./file-tree.ts";
import { type DomainRow, type Furniture, harmfulOf, type TwinHost } from "./host.ts";

const reasons: Readonly<Record<string, ShutdownReason>> = {
  "-": "poweroff",
  r: "reboot",
  s: "suspend",
  c: "crash",
  w: "watchdog",
};
const letters = { poweroff: "-", reboot: "r", suspend: "s", crash: "c", watchdog: "w" } as const;

/** The six letters of `xl list`. */
function stateOf(domain: Domain): string {
  const paused = domain.paused ? "p" : "-";
  if (domain.shutdown === undefined) return `${domain.paused ? "-" : "-b"}${domain.paused ? "-p" : "-"}---`.slice(0, 6);
  return `--${paused}s${letters[domain.shutdown]}${domain.dying ? "d" : "-"}`;
}

/** The same dom0 in the simulated rack. */
export function simulatedHost(furniture: Furniture): TwinHost {
  const { shared = "Mounted", xen = "4.17.7", toolstack = "xl", host: name = "bella", packages = [] } = furniture;
  const it = stage({
    file: changedRack(({ hosts }) => {
      for (const host of Object.values(hosts))
        if (host.roles.includes("dom0")) host.xen = { ...host.xen, version: xen, toolstack };
      for (const disk of hosts.san?.disks ?? []) if (disk.path === "/dev/vdc") disk.serial = "data-8";
      const own = hosts[name];
      if (own !== undefined) own.packages = [...packages];
    }),
  });
  const { rack } = it;
  const { world } = rack;
  const host = rack.host(name);
  const mountPoint = "/srv/xen";
  makeDirectories(host.rootFileSystem, mountPoint);
  const filesystem =
    shared === "NotMounted" ? "7a3c2f10-5b1d-4c7e-9a66-0d1e2f3a4b5c" : rack.xen.share([name], mountPoint);
  if (shared === "Beating") {
    const disk = sharedDisk(host, "/dev/etherd/e15.15");
    if (disk === undefined) throw new Error("nothing is shared");
    host.running.o2cb.regions.set(regionName(filesystem), {
      ...{ uuid: regionName(filesystem), device: disk.path, content: disk.content, aoe: undefined, node: 0 },
      ...{ hungSince: undefined, armedAt: 0, failed: false, errors: false, close: () => undefined },
    });
  }
  const xenState = () => host.running.xen;
  let before = treeOfModel(host);
  let ranWith = "";
  const place = (path: string) => resolve(host, path);
  const put = (path: string, file: { text?: string; sizeBytes?: number }) => {
    const { mount, inner } = place(path);
    placeFile(mount.fileSystem, inner, file);
    before = treeOfModel(host);
  };

  const volumeOf = (volume: string) => {
    const [of = "", name = ""] = volume.split("/");
    const group = host.volumeGroups.get(of);
    if (group === undefined) throw new Error(`there is no volume group ${of}`);
    return { group, name };
  };

  return {
    filesystem,
    bootId: host.running.bootId,
    async run(command) {
      const { exitCode, stdout, stderr } = await it.run(name, command);
      const after = treeOfModel(host);
      const domains = [...xenState().domains.values()].map(
        (domain) => `domain ${domain.id} ${domain.name || "(null)"} ${stateOf(domain)}`,
      );
      const effects = [...changes(before, after), ...domains];
      before = after;
      return { script: command.script.name, exitCode, stdout, stderr, effects };
    },
    end: () => undefined,
    domains(...rows: readonly DomainRow[]) {
      xenState().domains.clear();
      for (const [id, name, uuid, state, seconds] of rows) {
        xenState().nextId = id;
        const text = `name = "${name === "(null)" ? "nameless" : name}"\nuuid = "${uuid}"\nmemory = 128\n${ranWith}`;
        const configuration = parseConfiguration(text);
        if (configuration === undefined) throw new Error(`no configuration: ${text}`);
        const domain = makeDomain(host, configuration);
        domain.name = name === "(null)" ? "" : name;
        domain.memory = 128;
        domain.vcpus = 1;
        domain.executed = seconds * 20_000;
        domain.paused = state[2] === "p";
        domain.shutdown = state[3] === "s" ? reasons[state[4] ?? "-"] : undefined;
        domain.dying = state[5] === "d";
        changed(world, host, domain);
      }
      xenState().nextId = Math.max(0, ...rows.map(([id]) => id)) + 1;
    },
    runsWith(bridge, kernel, given = []) {
      const disks = given.map(({ path, format }) => `"format=${format}, vdev=xvda, access=rw, target=${path}"`);
      ranWith = `vif = [ "bridge=${bridge}" ]\nkernel = "${kernel}"\ndisk = [ ${disks.join(", ")} ]\n`;
    },
    openVSwitch(...ovsBridges) {
      Object.assign(host, { hypervisor: { ...host.hypervisor, ovsBridges } });
    },
    mountedWith: () => harmfulOf(host.running.mounts.find((one) => one.mountPoint === mountPoint)?.options ?? []),
    listed: () => [...xenState().domains.values()].map((domain) => `${domain.name || "(null)"} ${stateOf(domain)}`),
    atWork(verb, about = "-") {
      xenState().processes.set(host.running.nextPid++, { verb, name: about });
    },
    watchdog(seconds, boot) {
      host.watchdog = { seconds, atBoot: boot === "AtBoot" };
    },
    failCreate: (...lines) => rack.xen.failCreate("bella", lines),
    leasedElsewhere(path, mode) {
      const { node } = place(path);
      if (node?.kind !== "File") throw new Error(`there is no file ${path}`);
      node.leases = [{ host: "brutus", bootId: "", uuid: "", node: undefined, mode, counts: () => true }];
    },
    isLeased(path) {
      const { node } = place(path);
      return node?.kind === "File" && leasesOn(node).length > 0;
    },
    killHolder: (uuid) => endHolder(world, host, uuid),
    ignoreShutdown: (uuid) => rack.xen.setGuest(uuid, { shutdown: "Ignores" }),
    breakToolstack: () => rack.xen.setService("bella", "xencommons", "inactive"),
    goDown() {
      host.running.goingDown = true;
    },
    ocfs2(deviceBytes, sizeBytes, nodeSlots) {
      const parameters = { uuid: filesystem, label: "DATA", cluster: "labclus", globalHeartbeat: false };
      const ocfs2 = createVolume({ ...parameters, nodeSlots, sizeBytes });
      addBlock(host, {
        ...{ path: "/dev/etherd/e15.15", device: "152:240", sizeBytes: deviceBytes, type: "disk", says: "" },
        content: { ...blankContent("ocfs2"), uuid: filesystem, ocfs2 },
        ...{ holders: new Set(), links: [] },
      });
    },
    mountedElsewhere() {
      const content = sharedDisk(host, "/dev/etherd/e15.15")?.content;
      if (content === undefined) throw new Error("there is no file system");
      const where = { device: "/dev/etherd/e15.15", mountPoint, uuid: filesystem, backing: "", content };
      rack.host("brutus").running.o2cb.mounts.push({ ...where, slot: 0, node: 1, users: [], close: () => undefined });
    },
    hears(...numbers) {
      const { regions } = host.running.o2cb;
      const uuid = regionName(filesystem);
      regions.delete(uuid);
      if (numbers.length === 0) return;
      const parameters = { uuid: filesystem, label: "DATA", cluster: "labclus", globalHeartbeat: false };
      const ocfs2 = createVolume({ ...parameters, nodeSlots: 4, sizeBytes: 2 ** 30 });
      for (const number of numbers) ocfs2.beats.set(number, { from: 0, until: undefined, writer: undefined });
      regions.set(uuid, {
        ...{ uuid, device: "/dev/etherd/e15.15", content: { ...blankContent("ocfs2"), uuid: filesystem, ocfs2 } },
        ...{ aoe: undefined, node: 0, hungSince: undefined, armedAt: 0, failed: false, errors: false },
        close: () => undefined,
      });
    },
    served(target, sizeBytes, holds) {
      const san = rack.host("san");
      const [shelf = "", slot = ""] = target.slice(1).split(".");
      const backing = `/srv/aoe/${target}.img`;
      const content = placeFile(san.rootFileSystem, backing, { sizeBytes }).content;
      if (holds === "Data") overwrite(content, { data: true });
      if (holds === "Ext4") overwrite(content, { signature: "ext4", uuid: uuidOf(target), label: "OLD" });
      startVblade(world, san, [shelf, slot, "eth1", backing], { by: "None", instance: "" });
      loadDriver(world, host, new Map([["aoe_iflist", "eth1"]]));
      it.pass(10);
      before = treeOfModel(host);
    },
    flood(target, count) {
      const { processes } = rack.host("san").running;
      const one = [...processes.values()].find(({ shelf, slot }) => target === `e${shelf}.${slot}`);
      if (one === undefined) throw new Error(`nobody serves ${target}`);
      for (let more = 1; more < count; more++) processes.set(one.pid + more, { ...one, pid: one.pid + more });
    },
    card(nic, mac) {
      const { interfaces } = host;
      const like = interfaces.get("eth1");
      if (mac === "" || like === undefined) interfaces.delete(nic);
      else interfaces.set(nic, { ...like, name: nic, mac });
    },
    takeDown: (nic) => rack.setInterface(name, nic, "Down"),
    vblade(...words) {
      startVblade(world, host, words, { by: "None", instance: "" });
    },
    killVblades() {
      for (const pid of [...host.running.processes.keys()]) endVblade(world, host, pid, "killed");
    },
    vblades: () => [...host.running.processes.values()].map(({ argv }) => argv.join(" ")),
    logicalVolume(volume, bytes, { tags = [], origin } = {}) {
      const { group, name } = volumeOf(volume);
      createLogicalVolume(world, host, group, name, bytes);
      const made = group.volumes.get(name);
      for (const tag of tags) made?.tags.add(tag);
      if (made !== undefined && origin !== undefined) group.volumes.set(name, { ...made, origin });
    },
    loseLogicalVolume(volume) {
      const { group, name } = volumeOf(volume);
      removeLogicalVolume(world, host, group, name);
    },
    holdLogicalVolume(volume) {
      const { group, name } = volumeOf(volume);
      const held = group.volumes.get(name);
      if (held !== undefined) group.volumes.set(name, { ...held, open: true });
    },
    isBlank(volume) {
      const { group, name } = volumeOf(volume);
      return host.blocks.get(group.volumes.get(name)?.device ?? "")?.content.data === false;
    },
    beatsElsewhere(target) {
      const volume = sharedDisk(host, `/dev/etherd/${target}`)?.content.ocfs2;
      if (volume === undefined) throw new Error("there is no file system");
      volume.beats.set(1, { from: 0, until: undefined, writer: undefined });
    },
    befriend(publicKey) {
      const other = rack.host("brutus");
      const peer = { name: "bella", address: "10.99.0.11", publicKey: publicKey.split(" ").slice(0, 2).join(" ") };
      placeFile(other.rootFileSystem, relocationFiles.authorized, { text: withPeers("", [peer]) });
      placeFile(other.rootFileSystem, relocationFiles.receiver, { text: "" });
      return hostKeyOf(other);
    },
    aoeDevice(device, state, bytes) {
      const [shelf = 0, slot = 0] = device.slice(1).split(".").map(Number);
      const known = host.running.aoe.devices.get(device);
      if (known !== undefined) {
        known.up = state === "up";
        return;
      }
      loadDriver(world, host, new Map());
      host.running.aoe.devices.set(device, {
        shelf,
        slot,
        device: `152:${shelf * 16 + slot}`,
        up: state === "up",
        sizeBytes: bytes,
        targets: new Map(),
        payload: 8704,
        firmware: 0,
        openers: [],
        content: undefined,
      });
    },
    write: (path, text) => put(path, { text }),
    image: (path, sizeBytes) => put(path, { sizeBytes }),
    replace: (path, sizeBytes) => put(path, { sizeBytes }),
    swapOn: (path) => host.running.swaps.add(path),
    loop: (path) => host.running.loops.set("loop7", path),
    opens(path, access) {
      if (access === "ReadWrite") host.running.writers.set(path, "99999 qemu-nbd");
    },
    closes: () => host.running.writers.clear(),
    symlink(path, target) {
      const { mount, inner } = place(path);
      makeDirectories(mount.fileSystem, inner.slice(0, inner.lastIndexOf("/")));
      mount.fileSystem.nodes.set(inner, { kind: "Symlink", inode: mount.fileSystem.nextInode++, target });
      before = treeOfModel(host);
    },
    read: (path) => readText(host, path),
    remove(path) {
      const { mount, inner } = resolve(host, path, "Keep");
      mount.fileSystem.nodes.delete(inner);
      before = treeOfModel(host);
    },
  };
}
