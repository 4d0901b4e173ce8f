import { expect, it } from "vitest";
import { probe, probeRunning } from "../../../src/host/actions.ts";
import { ensureImage } from "../../../src/host/image-actions.ts";
import { prepareRelocation } from "../../../src/host/relocation-actions.ts";
import { type TwinBench, twins } from "./bench.ts";

const uuid = "37baabc6-98d5-48a2-9634-a38b12e29c45";
const other = "94451a8f-8a10-4e81-b45a-6937d115fafe";
const owner = { namespace: "xen", name: "vm2", uid: "1111-aa" };
const boot = "99999999-2222-4333-8444-555555555555";
const asked = {
  roles: ["Client"],
  backings: [],
  segments: [],
  images: ["/srv/xen/a.img", "/srv/xen/b.img", "/srv/xen/none.img"],
  lockDirectories: ["/srv/xen/.xensan"],
  sharedDevices: ["/dev/etherd/e0.1"],
  mountPoints: ["/srv/data", "/srv/none", "/srv/link"],
} as const;

const nested = ["/srv/xen/vms/a.img", "/srv/other/a.img"];

const cases = (dom0: TwinBench) => {
  const look = (...sections: string[]) => dom0.look(probe(asked), sections);

  it("tells the domains by their rows, and what is at work on them", async () => {
    dom0.domains(
      [1, "vm1", other, "-b----", 20],
      [2, "vm2--incoming", uuid, "--p---", 0],
      [3, "(null)", uuid, "--p---", 0],
      [4, "vm4--migratedaway", other, "--pss-", 23.8],
      [5, "vm5", other, "---sc-", 3.5],
      [6, "vm6", other, "---s--", 3.5],
      [7, "vm7", other, "---sr-", 3.5],
    );
    dom0.atWork("migrate", "vm2", "10.99.0.12");
    const told = await look("domains");
    expect(told).toContain(`domains\tdomain\t4\tvm4--migratedaway\t${other}\t128\t1\tps\ts\t23.8\n`);
    expect(told).toContain("\tmigrate\tvm2\n");
  });

  it("tells the paths in the order in which they were asked for", async () => {
    dom0.write("/srv/a.img", "a");
    dom0.write("/srv/c.img", "c");
    const told = await dom0.look(
      probe({ roles: ["Server"], segments: [], backings: ["/srv/c.img", "/srv/b.img", "/srv/a.img"] }),
      ["backings"],
    );
    expect(told.match(/[a-c]\.img\t[^\t]*\t(File|Missing)/g)).toEqual([
      "c.img\t/srv/c.img\tFile",
      "b.img\t\tMissing",
      "a.img\t/srv/a.img\tFile",
    ]);
  });

  it("tells no block device that the kernel hides", async () => {
    expect(await look("block /dev/nvme0c0n1")).toBe("");
  });

  it("tells a toolstack that does not answer from a host without domains", async () => {
    expect(await look("domains")).toBe("end\tdomains\tknown\t0\t\n");
    dom0.breakToolstack();
    expect(await look("domains")).toMatch(/^end\tdomains\tunknown\t/);
  });

  it("tells that it is going down", async () => {
    expect(await look("system going-down")).toBe("system\tgoing-down\tno\n");
    dom0.goDown();
    expect(await look("system going-down")).toBe("system\tgoing-down\tyes\n");
  });

  it("tells what resets the machine when dom0 hangs", async () => {
    expect(await look("toolstack watchdog")).toBe("");
    dom0.watchdog(30, "Now");
    expect(await look("toolstack watchdog")).toBe("toolstack\twatchdog\txenwatchdogd\t30\tno\n");
  });

  it("tells that it does so after a boot as well", async () => {
    dom0.watchdog(20, "AtBoot");
    expect(await look("toolstack watchdog")).toBe("toolstack\twatchdog\txenwatchdogd\t20\tyes\n");
  });

  it("tells the bridges of Open vSwitch where it is installed", async () => {
    expect(await look("toolstack ovs-bridge")).toBe("");
    dom0.openVSwitch("ovsbr0", "ovsbr1");
    expect(await look("toolstack ovs-bridge")).toBe("toolstack\tovs-bridge\tovsbr0\ntoolstack\tovs-bridge\tovsbr1\n");
  });

  it("tells the toolstack", async () => {
    dom0.write("/etc/default/xendomains", `XENDOMAINS_SAVE=/var/lib/xen/save\nXENDOMAINS_RESTORE=false\n`);
    expect(await look("toolstack")).toContain("toolstack\tautomatic\t/var/lib/xen/save\t-\t-\n");
  });

  it("tells the channel between hosts", async () => {
    const key = `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA${"B".repeat(44)}`;
    const peer = { name: "brutus", address: "10.99.0.12", publicKey: key, hostKeys: [key] };
    await dom0.act(prepareRelocation({ senders: [peer], receivers: [peer] }));
    expect(await look("relocation")).toContain(`relocation\tpeer\tbrutus\t10.99.0.12\t${key}\n`);
    dom0.write("/root/.ssh/authorized_keys", "# xensan: peers that may migrate domains to this host\nodd\n");
    expect(await look("relocation")).toContain("relocation\tpeer\tunknown\t0.0.0.0\t-\n");
  });

  it.each<[string, string, string | undefined, string]>([
    ["lost before anything was heard", "", undefined, "Lost\t-\tConnecting"],
    ["lost on its way", "migration target: Ready to receive domain.\n", undefined, "Lost\t-\tSending"],
    ["that failed", "migration target: Ready to receive domain.\nlibxl: error: no memory\n", "1", "Ended\t1\tFailed"],
    [
      "that succeeded",
      "migration sender: Giving target permission to start.\nMigration successful.\n",
      "0",
      "Ended\t0\tSucceeded",
    ],
    [
      "cut after permission",
      "migration sender: Giving target permission to start.\nlibxl: error: libxl_domain.c:1183: Non-existant domain\n",
      "137",
      "Ended\t137\tPermission",
    ],
  ])("tells a migration %s by its record, log and exit code", async (_how, log, exit, told) => {
    const base = "/var/lib/xensan/migrations/op-1";
    dom0.write(base, `${uuid} ${boot} 100 1 10.99.0.12\n`);
    dom0.write(`${base}.log`, log);
    if (exit !== undefined) dom0.write(`${base}.exit`, `${exit}\n`);
    expect(await look("migrations")).toContain(`migrations\trun\top-1\t${uuid}\t${boot}\t${told}\t100\t`);
  });

  it("tells when a migration was begun, and one that is only recorded", async () => {
    const base = "/var/lib/xensan/migrations";
    dom0.write(`${base}/op-1`, `${uuid} ${boot} 100 1 10.99.0.12 2026-11-28T09:30:00Z\n`);
    dom0.write(`${base}/op-1.exit`, "0\n");
    dom0.write(`${base}/op-2`, `${uuid} ${boot} 100 - - 2026-11-28T09:31:00Z\n`);
    const told = (await look("migrations")).replace(/(?<=\t100\t)\d+/g, "NOW");
    expect(told).toContain(`op-1\t${uuid}\t${boot}\tEnded\t0\tSucceeded\t100\tNOW\t2026-11-28T09:30:00Z\t-\n`);
    expect(told).toContain(`op-2\t${uuid}\t${boot}\tRecorded\t-\tConnecting\t100\tNOW\t2026-11-28T09:31:00Z\t-\n`);
  });

  it("tells images, whose they are, and what is left of a copy", async () => {
    const image = { owner, path: "/srv/xen/a.img", mountPoint: "/srv/xen", filesystem: dom0.filesystem };
    await dom0.act(ensureImage({ uuid, mayFind: false, ...image, sizeBytes: 2 ** 20 }));
    dom0.image("/srv/xen/b.img", 512);
    dom0.image("/srv/xen/b.img.xensan-copy.bella", 256);
    const told = await look("images");
    expect(told).toContain("images\timage\t/srv/xen/none.img\tMissing\t0\t0\t-\t-\t-\t-\t-\t-\t-\n");
    expect(told).toContain(`\txen/vm2 1111-aa\t${uuid}\tMade\n`);
    expect(told).toMatch(/\/srv\/xen\/b\.img\tFile\t512\t0\t\d+ \d+\tInterrupted\t256\t-\t-\t-\t-\n/);
  });

  it("does not tell whether another host still copies", async () => {
    dom0.image("/srv/xen/none.img.xensan-copy.another", 256);
    expect(await look("images")).toMatch(/\/srv\/xen\/none\.img\tMissing\t0\t0\t-\tElsewhere\t256\t/);
  });

  it("tells all images but one whose name is too long for Linux", async () => {
    dom0.image("/srv/xen/b.img", 512);
    const long = `/srv/xen/${"a".repeat(256)}`;
    const request = probe({ ...asked, images: ["/srv/xen/b.img"] });
    const args = [...request.args, `image=${long}`, `image=/srv/xen/none/${"a".repeat(256)}`];
    const told = await dom0.look({ ...request, args }, ["images"]);
    expect(told).toContain("images\timage\t/srv/xen/b.img\tFile\t512\t");
    expect(told).toContain(`images\t?\tFile name too long\t${long}\n`);
    expect(told).toMatch(/images\timage\t\/srv\/xen\/none\/a+\tMissing\t/);
    expect(told).toMatch(/\nend\timages\tknown\t0\t\n$/);
  });

  it("tells the record of an image at the mount point, whatever directories above it are called", async () => {
    const [path = ""] = nested;
    const image = { owner, path, mountPoint: "/srv/xen", filesystem: dom0.filesystem };
    await dom0.act(ensureImage({ uuid, mayFind: false, ...image, sizeBytes: 2 ** 20 }));
    dom0.write("/srv/xen/vms/.xensan/images/x", `vms/a.img\n1 0\nxen/evil 1111-aa\n${uuid}\nMade\n`);
    const told = await dom0.look(probe({ ...asked, images: nested }), ["images"]);
    expect(told).toMatch(/\/srv\/xen\/vms\/a\.img\tFile\t.*\txen\/vm2 1111-aa\t.*\tMade\n/);
    expect(told).toMatch(/\/srv\/other\/a\.img\tMissing\t.*\t-\t-\t-\t-\n/);
  });

  it("tells who holds which domain's lock, and which configurations are whose", async () => {
    dom0.write(`/srv/xen/.xensan/${uuid}.lock`, `brutus ${boot} xen/vm2 1111-aa\n`);
    dom0.write(`/srv/xen/.xensan/${other}.lock`, "");
    dom0.write("/srv/xen/.xensan/README.lock", "no lock\n");
    dom0.write(`/var/lib/xensan/domains/${uuid}.cfg`, 'name = "vm2"\n');
    dom0.write(`/var/lib/xensan/domains/${uuid}.cfg.owner`, "xen/vm2 1111-aa\n");
    dom0.write(`/var/lib/xensan/domains/${other}.cfg`, 'name = "vm3"\n');
    const told = await look("domain-locks", "domain-configurations");
    expect(told).toContain(`domain-locks\tlock\t${uuid}\t/srv/xen/.xensan/${uuid}.lock\tbrutus\t${boot}\n`);
    expect(told).toContain(`domain-configurations\tconfig\t${uuid}\txen/vm2 1111-aa\t`);
    expect(told).toContain(`domain-configurations\tconfig\t${other}\t-\t`);
    const configurations = await look("domain-configurations");
    expect(await look("domain-configurations")).toBe(configurations);
    dom0.write(`/var/lib/xensan/domains/${other}.cfg`, 'name = "vm4"\n');
    expect(await look("domain-configurations")).not.toBe(configurations);
  });

  it("tells of a host that is no node of a cluster", async () => {
    expect(await look("o2cb")).toContain("o2cb\tconf\tMissing\n");
    expect(await look("formats", "kernel-log")).toContain("end\tformats\tknown\t0\t\n");
  });

  it("tells mount points, and devices that are not there", async () => {
    dom0.write("/srv/data/README", "somebody's\n");
    dom0.write(
      "/etc/fstab",
      "/dev/vda / ext4 rw 0 1\n# xensan: san/disks 0a1b\n/dev/etherd/e0.1 /srv/data ocfs2 _netdev 0 0\n",
    );
    dom0.symlink("/srv/link", "/srv/data");
    expect(await look("filesystems", "mount-points")).toContain("filesystems\tdevice\t/dev/etherd/e0.1\tMissing\t");
  });
};

const runningCases = (dom0: TwinBench) => {
  const sections = ["identity", "migrations", "domains"];
  const running = () => dom0.look(probeRunning(), sections);

  it("tells of its domains and migrations what the whole probe tells", async () => {
    dom0.domains([1, "vm1", other, "-b----", 20], [2, "vm2--incoming", uuid, "--p---", 0]);
    dom0.atWork("migrate-receive");
    dom0.write("/var/lib/xensan/migrations/op-1", `${uuid} ${dom0.bootId} 100 1 10.99.0.12 2026-11-28T09:30:00Z\n`);
    dom0.write("/var/lib/xensan/migrations/op-1.log", "migration target: Ready to receive domain.\nerror: a \\ b\n");
    dom0.write("/var/lib/xensan/migrations/op-1.exit", "1\n");
    const told = await running();
    expect(told).toContain(`domains\tdomain\t2\tvm2--incoming\t${uuid}\t`);
    expect(told).toMatch(/^migrations\trun\top-1\t.*\tEnded\t1\tFailed\t/m);
    const now = /(?<=^migrations\t(?:[^\t]*\t){7})\d+/gm;
    const all: string[] = [];
    for (const section of sections) all.push(await dom0.look(probe(asked), [section]));
    expect(told.replace(now, "NOW")).toBe(all.join("").replace(now, "NOW"));
  });

  it("tells a toolstack that does not answer from a host without domains", async () => {
    expect(await running()).toMatch(/^end\tdomains\tknown\t0\t$/m);
    dom0.breakToolstack();
    expect(await running()).toMatch(/^end\tdomains\tunknown\t/m);
    expect(await running()).toMatch(/^end\tmigrations\tknown\t/m);
  });
};

twins(["probe-running"], "the short probe of a dom0", runningCases, { packages: ["ocfs2-tools"] });
twins(["probe"], "the probe of a dom0", cases, { packages: ["ocfs2-tools"], time: "Real" });
