import type { BlockDevice } from "../model/hardware.ts";
import { hasCarrier } from "../model/network.ts";
import { toolPath } from "../model/packages.ts";
import type { Host } from "../model/state.ts";
import { list, readText } from "../model/storage.ts";
import type { ScriptRun } from "../script.ts";
import { claimsDirectory } from "./addressee.ts";
import { escaped, row } from "./answer.ts";
import type { SectionEnd } from "./section.ts";
import { targetOf, toldIdle, withoutIdle } from "./targets.ts";

/** Section `identity`. */
export function identity(run: ScriptRun): SectionEnd {
  row(run, "identity", "hostname", run.host.running.hostname);
  row(run, "identity", "machine-id", run.host.machineId);
  row(run, "identity", "boot-id", run.host.running.bootId);
  for (const kind of list(run.host, claimsDirectory)) {
    const [holder = ""] = (readText(run.host, `${claimsDirectory}/${kind}`) ?? "").split("\n");
    row(run, "identity", `claim-${kind}`, holder);
  }
  return "known";
}

/** Section `system`. */
export function system(run: ScriptRun): SectionEnd {
  const { host } = run;
  row(run, "system", "os", host.os.name);
  row(run, "system", "os-id", host.os.id);
  row(run, "system", "kernel", host.kernel);
  row(run, "system", "init", host.init);
  row(run, "system", "package-manager", host.packageManager);
  row(run, "system", "going-down", host.running.goingDown ? "yes" : "no");
  return "known";
}

/** Section `packages`. */
export function packages(run: ScriptRun): SectionEnd {
  const { host } = run;
  if (host.packageManager === "none") return "absent";
  for (const [name, version] of [...installed(host)].sort(([a], [b]) => (a < b ? -1 : 1))) {
    row(run, "packages", name, version);
  }
  return "known";
}

function* installed(host: Host): Generator<readonly [string, string]> {
  const asked = ["vblade", "aoetools", "lvm2", "ocfs2-tools", "xen-utils-common"];
  for (const [name, version] of host.packages) if (asked.includes(name)) yield [name, version];
  yield ["kmod", "30+20221128-1"];
  if (host.init === "systemd") yield ["systemd", "252.39-1~deb12u2"];
  else yield ["sysvinit-core", "3.06-4"];
}

/** Programs of a minimal Debian. */
function baseTool(host: Host, name: string): string | undefined {
  const everywhere: Readonly<Record<string, string>> = {
    flock: "/usr/bin/flock",
    timeout: "/usr/bin/timeout",
    ip: "/usr/sbin/ip",
    modprobe: "/usr/sbin/modprobe",
    blkid: "/usr/sbin/blkid",
  };
  if (name === "apt-get") return host.packageManager === "apt" ? "/usr/bin/apt-get" : undefined;
  if (name === "systemctl") return host.init === "systemd" ? "/usr/bin/systemctl" : undefined;
  if (name === "telinit") return "/usr/sbin/telinit";
  return everywhere[name];
}

/** Section `tools`. */
export function tools(run: ScriptRun): SectionEnd {
  const asked =
    "vblade aoe-discover aoe-revalidate aoecfg aoeping lvs lvcreate apt-get systemctl telinit flock timeout ip modprobe xl xm xenstore-ls o2cb mkfs.ocfs2 blkid";
  for (const name of asked.split(" ")) {
    const path = baseTool(run.host, name) ?? toolPath(run.host, name);
    if (path !== undefined) row(run, "tools", name, path);
  }
  return "known";
}

/** Section `interfaces`. */
export function interfaces(run: ScriptRun): SectionEnd {
  const { host } = run;
  const lines = [["lo", "00:00:00:00:00:00", 65536, "0x9", "1"]];
  for (const nic of host.interfaces.values()) {
    const carrier = nic.adminUp ? (hasCarrier(host, nic) ? "1" : "0") : "-";
    lines.push([
      nic.name,
      nic.mac,
      nic.mtu,
      nic.adminUp ? "0x1003" : "0x1002",
      carrier,
      ...(nic.master === undefined ? [] : [nic.master]),
    ]);
  }
  lines.sort(([a = ""], [b = ""]) => (a < b ? -1 : 1));
  for (const line of lines) row(run, "interfaces", ...line);
  return "known";
}

const kernelName = (block: BlockDevice) => block.path.slice("/dev/".length).replaceAll("/", "!");

/** Section `block`. Sizes in bytes. */
export const blockDevices =
  (asked: ReadonlySet<string>) =>
  (run: ScriptRun): SectionEnd => {
    const { host } = run;
    const blocks = [...host.blocks.values()].map((block) => ({ block, name: kernelName(block) }));
    blocks.sort((a, b) => (a.name < b.name ? -1 : 1));
    const { swaps } = host.running;
    const mounted = new Set(host.running.mounts.map(({ fileSystem }) => fileSystem.device));
    const used = new Set(
      [...host.blocks.values()]
        .filter(({ path, device, holders }) => holders.size > 0 || swaps.has(path) || mounted.has(device))
        .map(({ path }) => targetOf(path)),
    );
    const { told, left } = withoutIdle(blocks, ({ block, name }) => {
      const target = targetOf(block.path);
      return !name.startsWith("etherd!") || asked.has(target) || used.has(target);
    });
    for (const { block } of told) {
      // A logical volume is listed by its device-mapper name, the last of its links.
      const path = block.type === "lvm" ? (block.links.at(-1) ?? block.path) : block.path;
      const holders = [...block.holders].join(",");
      row(run, "block", escaped(path), block.device, block.sizeBytes, block.type, block.content.signature, holders);
    }
    if (left) toldIdle(run, "block", "AoE disks and partitions");
    return "known";
  };

const unlisted = new Set(["proc", "sysfs", "devpts"]);

/** Section `mounts`. */
export function mounts(run: ScriptRun): SectionEnd {
  for (const mount of run.host.running.mounts) {
    if (unlisted.has(mount.type)) continue;
    const access = mount.fileSystem.readOnly ? "ro" : "rw";
    const options = mount.options.map((option) => (option === "rw" ? access : option)).join(",");
    const { device } = mount.fileSystem;
    row(run, "mounts", device, mount.root, mount.mountPoint, mount.type, mount.source, options);
  }
  return "known";
}
