import { loadDriver } from "./aoe-driver.ts";
import { makeDirectories, placeFile } from "./filesystem.ts";
import { moduleParameters } from "./modules.ts";
import type { Host, World } from "./state.ts";
import { bootLink, startExports } from "./systemd.ts";
import { record } from "./world.ts";

/** Debian 12's packages as far as a rack needs them: version and programs. */
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
      "/usr/sbin/mount.ocfs2",
      "/usr/sbin/mounted.ocfs2",
      "/usr/sbin/o2cb",
      "/usr/sbin/tunefs.ocfs2",
    ],
  },
  "xen-utils-common": {
    version: "4.17.7+13-g2445b30a44-0+deb12u1",
    tools: ["/usr/sbin/xl", "/usr/sbin/xenstore-ls"],
  },
  "xen-utils-4.1": { version: "4.1.4-3+deb7u9", tools: ["/usr/sbin/xm", "/usr/sbin/xend"] },
  lvm2: { version: "2.03.16-2", tools: ["/usr/sbin/lvcreate", "/usr/sbin/lvs", "/usr/sbin/lvextend", "/usr/sbin/vgs"] },
};

/** /etc/default/o2cb as Debian's package installs it: no cluster comes online by itself. */
const packagedO2cb = `O2CB_ENABLED=false
O2CB_BOOTCLUSTER=ocfs2
O2CB_HEARTBEAT_THRESHOLD=31
O2CB_IDLE_TIMEOUT_MS=30000
O2CB_KEEPALIVE_DELAY_MS=2000
O2CB_RECONNECT_DELAY_MS=2000
`;

/** /etc/default/xendomains as Debian's package installs it. */
const packagedXendomains = `XENDOMAINS_MIGRATE=""
XENDOMAINS_SAVE=/var/lib/xen/save
XENDOMAINS_RESTORE=true
XENDOMAINS_AUTO=/etc/xen/auto
XENDOMAINS_STOP_MAXWAIT=300
`;

/** The sample file allows only the host itself to migrate domains to it. */
const packagedXend = `# -*- sh -*-
#(xend-relocation-server no)
#(xend-relocation-port 8002)
(xend-relocation-hosts-allow '^localhost$ ^localhost\\\\.localdomain$')
(vif-script vif-bridge)
(dom0-min-mem 196)
(dom0-cpus 0)
(vncpasswd '')
`;

/** Whether apt can install a package of this name. */
export const isAvailable = (name: string): boolean => name in catalogue;

/** Absolute path of a program, if an installed package contains it. */
export function toolPath(host: Host, tool: string): string | undefined {
  for (const name of host.packages.keys()) {
    const path = catalogue[name]?.tools.find((candidate) => candidate.endsWith(`/${tool}`));
    if (path !== undefined) return path;
  }
  return undefined;
}

/** Puts a package's files in place without running its maintainer script, as for a host that has it from the start. */
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
  if (name === "ocfs2-tools") {
    if (!host.rootFileSystem.nodes.has("/etc/default/o2cb"))
      placeFile(host.rootFileSystem, "/etc/default/o2cb", { text: packagedO2cb });
    placeFile(host.rootFileSystem, "/etc/rc2.d/S01o2cb", { text: "" });
    makeDirectories(host.rootFileSystem, "/etc/ocfs2");
  }
  if (name.startsWith("xen-utils") && !host.rootFileSystem.nodes.has("/etc/default/xendomains")) {
    placeFile(host.rootFileSystem, "/etc/default/xendomains", { text: packagedXendomains });
    makeDirectories(host.rootFileSystem, "/etc/xen/auto");
    makeDirectories(host.rootFileSystem, "/var/lib/xen/save");
  }
  if (name === "xen-utils-4.1") placeFile(host.rootFileSystem, "/etc/xen/xend-config.sxp", { text: packagedXend });
  if (name === "aoetools") placeFile(host.rootFileSystem, "/usr/lib/modules-load.d/aoetools.conf", { text: "aoe\n" });
  return version;
}

/** The end of apt-get install of one package: its files, then the actions of its maintainer script. */
export function installPackage(world: World, host: Host, name: string): void {
  if (host.packages.has(name)) return;
  const version = unpack(host, name);
  if (version === undefined) return;
  record(world, host, { kind: "PackageInstalled", package: name, version });
  if (host.init !== "systemd") return;
  // Both packages act at once: vblade starts the exports in /etc/vblade.conf.d, aoetools loads the driver.
  if (name === "vblade") startExports(world, host);
  if (name === "aoetools" && host.kernelAoe === "Module") loadDriver(world, host, moduleParameters(host, "aoe"));
}
