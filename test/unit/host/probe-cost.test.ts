import { describe, expect, it } from "vitest";
import { type ProbeRequest, probe, probeRunning } from "../../../src/host/actions.ts";
import { type Counted, processesCountable } from "../twins/count-processes.ts";
import { type ShellHost, shellHost } from "../twins/shell-host.ts";
import { shells } from "./fake-dom0.ts";

const uuid = "37baabc6-98d5-48a2-9634-a38b12e29c45";
const other = "94451a8f-8a10-4e81-b45a-6937d115fafe";
const boot = "b3d57a51-0a4c-4c0f-9f0e-1a2b3c4d5e6f";
const key = `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA${"B".repeat(44)}`;

/**
 * A dom0 of the tutorial: two hosts share a file system, two domains run, one of them was migrated here. Returns how
 * many more processes a look needs because this machine does not let us make a block device.
 */
function furnishDom0(host: ShellHost): number {
  host.domains([1, "vm1", other, "-b----", 20], [2, "vm2", uuid, "r-----", 7]);
  host.aoeDevice("e0.1", "up", 2 ** 30);
  const made = host.blockDevice("/dev/etherd/e0.1", 152, 240);
  if (!made) host.write("/dev/etherd/e0.1", "");
  host.write("/sys/dev/block/152:240/size", "2097152\n");
  host.write("/sys/block/etherd!e0.1/dev", "152:240\n");
  host.write("/sys/block/etherd!e0.1/mac", "525400000001\n");
  host.write("/sys/block/etherd!e0.1/netif", "eth1\n");
  host.write("/sys/block/etherd!e0.1/payload", "1024\n");
  for (const name of ["vda", "vda1", "etherd!e0.1", "loop0", "loop1"]) {
    host.write(`/sys/class/block/${name}/dev`, name === "etherd!e0.1" ? "152:240\n" : "254:0\n");
    host.write(`/sys/class/block/${name}/size`, "2097152\n");
  }
  const cluster = "/sys/kernel/config/cluster/data";
  for (const [file, text] of Object.entries({
    "heartbeat/dead_threshold": "31",
    "heartbeat/mode": "local",
    idle_timeout_ms: "30000",
    keepalive_delay_ms: "2000",
    reconnect_delay_ms: "2000",
    fence_method: "reset",
    "node/bella/num": "0",
    "node/bella/ipv4_address": "10.99.0.11",
    "node/bella/ipv4_port": "7777",
    "node/bella/local": "1",
    "node/brutus/num": "1",
    "node/brutus/ipv4_address": "10.99.0.12",
    "node/brutus/ipv4_port": "7777",
    "node/brutus/local": "0",
    "heartbeat/7A3C2F105B1D4C7E9A660D1E2F3A4B5C/dev": "etherd!e0.1",
  }))
    host.write(`${cluster}/${file}`, `${text}\n`);
  host.write("/sys/fs/ocfs2/loaded_cluster_plugins", "o2cb\n");
  host.write(
    "/etc/ocfs2/cluster.conf",
    "cluster:\n\tnode_count = 1\n\tname = data\n\nnode:\n\tip_port = 7777\n\tip_address = 10.99.0.11\n\tnumber = 0\n\tname = bella\n\tcluster = data\n",
  );
  host.write("/etc/modprobe.d/xensan-aoe.conf", "options aoe aoe_iflist=eth1\n");
  host.write(
    "/root/.ssh/authorized_keys",
    `# xensan: peers that may migrate domains to this host\nrestrict,from="10.99.0.12",command="/usr/local/lib/xensan/receive-domain" ${key} xensan:brutus\n# xensan: end of peers\n`,
  );
  for (const domain of [uuid, other]) {
    host.write(`/var/lib/xensan/domains/${domain}.cfg`, 'name = "vm"\n');
    host.write(`/var/lib/xensan/domains/${domain}.cfg.owner`, "xen/vm 1111-aa\n");
    host.write(`/srv/xen/.xensan/${domain}.lock`, `bella ${boot} xen/vm 1111-aa\n`);
  }
  host.write("/var/lib/xensan/migrations/op-1", `${uuid} ${boot} 100 1 10.99.0.12 2026-11-28T09:30:00Z\n`);
  host.write("/var/lib/xensan/migrations/op-1.log", "Migration successful.\n");
  host.write("/var/lib/xensan/migrations/op-1.exit", "0\n");
  host.image("/srv/xen/a.img", 2 ** 20);
  host.image("/srv/xen/b.img", 2 ** 20);
  host.write("/sys/block/loop0/loop/backing_file", "/srv/xen/a.img\n");
  host.write("/sys/block/loop0/dev", "7:0\n");
  host.write("/proc/xen/xenbus", "");
  for (const vif of ["vif1.0", "vif2.0"]) {
    host.write(`/sys/class/net/${vif}/flags`, "0x1003\n");
    host.symlink(`/sys/class/net/${vif}/master`, "/sys/class/net/xenbr0");
  }
  host.write("/var/lib/dpkg/status", "");
  host.write("/var/lib/dpkg/updates/README", "");
  host.write("/etc/default/xendomains", "XENDOMAINS_SAVE=\nXENDOMAINS_RESTORE=false\n");
  return made ? 0 : 1;
}

/** A SAN box with two exports, one of a file and one of a disk. */
function furnishSan(host: ShellHost): number {
  host.write("/var/lib/dpkg/status", "");
  host.write("/var/lib/dpkg/updates/README", "");
  host.image("/srv/aoe/a.img", 2 ** 20);
  const conf = (slot: number, file: string) =>
    host.write(
      `/etc/vblade.conf.d/xen-${slot}.conf`,
      `# xensan: xen/v${slot} 1111-aa\nshelf=0\nslot=${slot}\nnetif=eth1\nfilename=${file}\noptions=\n`,
    );
  conf(1, "/srv/aoe/a.img");
  conf(2, "/dev/vdc");
  host.write("/var/lib/xensan/exports/xen-1", "file:ext4:1:0\n/srv/aoe/a.img\nxen/v1 1111-aa\n");
  return 0;
}

const images = ["/srv/xen/a.img", "/srv/xen/b.img"];
const asksOfDom0: ProbeRequest = {
  roles: ["Client"],
  backings: [],
  segments: [],
  images,
  lockDirectories: ["/srv/xen/.xensan"],
  sharedDevices: ["/dev/etherd/e0.1"],
  mountPoints: ["/srv/xen"],
};
const asksOfSan: ProbeRequest = { roles: ["Server"], backings: ["/srv/aoe/a.img", "/dev/vdc"], segments: [] };

/** Maximum number of processes of a later look, and of the first look with everything requested. */
const limits = {
  dom0: { steady: 15, everything: 26 },
  san: { steady: 13, everything: 15 },
  /** A short look at what runs. */
  running: 7,
} as const;

/** The timer of a look restarts its sleep every few seconds: a slow machine must not add to the count. */
const withoutTicks = ({ forks, programs }: Counted): Counted => ({
  forks: forks - Math.max(0, programs.filter((name) => name === "sleep").length - 1),
  programs,
});

const impossible = processesCountable();
if (impossible !== undefined) console.warn(`processes of a look are not counted: ${impossible}`);

describe.skipIf(impossible !== undefined)("what a look at a host costs", () => {
  for (const shell of shells) {
    const cost = async (
      furniture: Parameters<typeof shellHost>[1],
      furnish: (host: ShellHost) => number,
      asks: ProbeRequest,
      everything: ProbeRequest,
    ) => {
      const counted: Counted[] = [];
      let told = "";
      let more = 0;
      const host = shellHost(shell, furniture, (one) => counted.push(one));
      try {
        more = furnish(host);
        await host.run(probe(everything));
        await host.run(probe(asks));
        told = (await host.run(probe(asks))).stdout;
        expect(told).toMatch(/\nend\tprobe\n$/);
        expect(told).not.toContain("\tunknown\t");
      } finally {
        host.end();
      }
      const [first, , steady] = counted.map(withoutTicks);
      if (first === undefined || steady === undefined) throw new Error("nothing was counted");
      return { everything: first, steady, told, more };
    };
    const say = (role: string, { steady, everything }: { steady: Counted; everything: Counted }) =>
      console.info(
        `${role} under ${shell.join(" ")}: steady ${steady.forks} forks, ${steady.programs.length} execs (${steady.programs.join(" ")}); everything ${everything.forks} forks, ${everything.programs.length} execs`,
      );

    it(`starts few processes on a dom0 under ${shell.join(" ")}`, async () => {
      const furniture = { packages: ["aoetools", "ocfs2-tools"], time: "Real" } as const;
      const found = await cost(furniture, furnishDom0, asksOfDom0, { ...asksOfDom0, segments: ["eth1"] });
      say("dom0", found);
      expect(found.told).toContain("aoe-devices\tuser\te0.1\txen-backend 2\n");
      expect(found.told).toContain("images\tuser\t/srv/xen/a.img\tloop\tloop0\t1\n");
      // The one device is mounted, and the packages are unchanged.
      expect(found.steady.programs.filter((name) => ["ls", "dpkg-query"].includes(name))).toEqual([]);
      expect(found.steady.forks).toBeLessThanOrEqual(limits.dom0.steady + found.more);
      expect(found.everything.forks).toBeLessThanOrEqual(limits.dom0.everything + found.more);
    });

    it(`starts a handful of processes on a dom0 to see what runs under ${shell.join(" ")}`, async () => {
      const counted: Counted[] = [];
      const host = shellHost(shell, { packages: [], time: "Real" }, (one) => counted.push(one));
      try {
        furnishDom0(host);
        await host.run(probeRunning());
        const { stdout } = await host.run(probeRunning());
        expect(stdout).toMatch(/\nend\tprobe\n$/);
        expect(stdout).not.toContain("\tunknown\t");
        expect(stdout).toContain(`migrations\trun\top-1\t${uuid}\t`);
      } finally {
        host.end();
      }
      const { forks, programs } = counted[1] as Counted;
      console.info(
        `what runs under ${shell.join(" ")}: ${forks} forks, ${programs.length} execs (${programs.join(" ")})`,
      );
      expect(forks).toBeLessThanOrEqual(limits.running);
    });

    it(`starts few processes on a SAN under ${shell.join(" ")}`, async () => {
      const furniture = { host: "san", shared: "NotMounted", packages: ["vblade", "lvm2"], time: "Real" } as const;
      const found = await cost(furniture, furnishSan, asksOfSan, asksOfSan);
      say("SAN", found);
      expect(found.steady.forks).toBeLessThanOrEqual(limits.san.steady);
      expect(found.everything.forks).toBeLessThanOrEqual(limits.san.everything);
    });
  }
});
