import { loadDriver } from "./aoe-driver.ts";
import { makeDirectories, placeFile } from "./filesystem.ts";
import type { Host } from "./host.ts";
import { moduleParameters } from "./modules.ts";
import { bootLink, startExports } from "./systemd.ts";
import { record, type World } from "./world.ts";

/** Debian 12's packages as far as a rack needs them: version, and the programs that come with them. */
const catalogue: Readonly<Record<string, { version: string; tools: readonly string[] }>> = {
  vblade: { version: "25-1+b1", tools: ["/usr/sbin/vblade", "/usr/sbin/vbladed"] },
  aoetools: {
    version: "36-5",
    tools: [
      "/usr/sbin/aoe-discover",
      "/usr/sbin/aoe-flush",
      "/usr/sbin/aoe-interfaces",
      "/usr/sbin/aoe-revalidate",
      "/usr/sbin/aoe-stat",
      "/usr/sbin/aoe-version",
      "/usr/sbin/aoecfg",
      "/usr/sbin/aoeping",
    ],
  },
  "ocfs2-tools": {
    version: "1.8.7-1+b1",
    tools: [
      "/usr/sbin/debugfs.ocfs2",
      "/usr/sbin/mkfs.ocfs2",
      "/usr/sbin/mounted.ocfs2",
      "/usr/sbin/o2cb",
      "/usr/sbin/tunefs.ocfs2",
    ],
  },
  lvm2: { version: "2.03.16-2", tools: ["/usr/sbin/lvcreate", "/usr/sbin/lvs", "/usr/sbin/lvextend", "/usr/sbin/vgs"] },
};

/** /etc/default/o2cb as Debian's package leaves it: nothing comes online by itself. */
const packagedO2cb = `O2CB_ENABLED=false
O2CB_BOOTCLUSTER=ocfs2
O2CB_HEARTBEAT_THRESHOLD=31
O2CB_IDLE_TIMEOUT_MS=30000
O2CB_KEEPALIVE_DELAY_MS=2000
O2CB_RECONNECT_DELAY_MS=2000
`;

export const isAvailable = (name: string): boolean => name in catalogue;

/** Absolute path of a program, if an installed package brings it. */
export function toolPath(host: Host, tool: string): string | undefined {
  for (const name of host.packages.keys()) {
    const path = catalogue[name]?.tools.find((candidate) => candidate.endsWith(`/${tool}`));
    if (path !== undefined) return path;
  }
  return undefined;
}

/** Puts a package's files in place, without its maintainer script: what a host has from the start. */
export function unpack(host: Host, name: string): string | undefined {
  const version = catalogue[name]?.version;
  if (version === undefined) return undefined;
  host.packages.set(name, version);
  if (name === "vblade" && !host.rootFileSystem.nodes.has("/etc/vblade.conf.d/skeleton.conf")) {
    placeFile(host.rootFileSystem, "/etc/vblade.conf.d/skeleton.conf", { text: "# shelf=\n# slot=\n# netif=\n" });
  }
  if (name === "vblade") {
    const unit = "[Service]\nRestart=always\nRestartSec=10\n";
    placeFile(host.rootFileSystem, "/lib/systemd/system/vblade@.service", { text: unit });
    placeFile(host.rootFileSystem, bootLink, { text: "vblade.service" });
  }
  if (name === "ocfs2-tools" && !host.rootFileSystem.nodes.has("/etc/default/o2cb")) {
    placeFile(host.rootFileSystem, "/etc/default/o2cb", { text: packagedO2cb });
    makeDirectories(host.rootFileSystem, "/etc/ocfs2");
  }
  if (name === "aoetools") placeFile(host.rootFileSystem, "/usr/lib/modules-load.d/aoetools.conf", { text: "aoe\n" });
  return version;
}

/** apt-get install of one package, at its end: files, then the maintainer script's own actions. */
export function installPackage(world: World, host: Host, name: string): void {
  if (host.packages.has(name)) return;
  const version = unpack(host, name);
  if (version === undefined) return;
  record(world, host, { kind: "PackageInstalled", package: name, version });
  if (host.init !== "systemd") return;
  // Both packages act at once: vblade starts what /etc/vblade.conf.d holds, aoetools loads the driver.
  if (name === "vblade") startExports(world, host);
  if (name === "aoetools" && host.kernelAoe === "Module") loadDriver(world, host, moduleParameters(host, "aoe"));
}
