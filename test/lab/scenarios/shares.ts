import { aoeVolumes, ocfs2Clusters } from "../../../src/api/kinds.ts";
import type { Scenario, Words } from "../scenario.ts";
import { filesystem, logicalVolume, serverOfVolumes, tutorial } from "./manifests.ts";

/** The shared file system of the tutorial: what is written, and what is mounted again by itself. */

const mountPoint = "/srv/xen";

/** Shell text that fails where no OCFS2 is mounted. */
export const mountedAt = (place: string) => `findmnt -n -o FSTYPE -M ${place} | grep -qx ocfs2`;

export const mountedWithin = ({ until }: Words, host: string, withinSeconds: number) =>
  until(host, mountedAt(mountPoint), withinSeconds);

/** Writes a file on one host and reads it on another. */
export async function shared({ on, until }: Words, from: string, to: string, file: string): Promise<string> {
  await on(from, `echo 'written on ${from}' >${file} && sync ${file}`);
  return await until(to, `cat ${file}`, 30);
}

/** The tutorial's file system, with templates that may be copied to disks. */
export const data = {
  ...{ label: "data", volumeRef: { name: "data" }, mountPoint, nodeSlots: 4, journalSize: "8Mi" },
  templates: ["templates/*.img"],
};

function sizeOf(text: string): { readonly blocks: number; readonly mib: number } {
  const [blocks = 0, block = 0] = text.split(":").map(Number);
  return { blocks, mib: (blocks * block) / 2 ** 20 };
}

export const shares: readonly Scenario[] = [
  {
    name: "a file written on bella is read on brutus",
    async run(words) {
      return await shared(words, "bella", "brutus", `${mountPoint}/story`);
    },
  },
  {
    name: "mkfs.ocfs2 ran once: one record in the whole rack",
    async run({ on }) {
      const counts = await Promise.all(
        ["bella", "brutus"].map((host) => on(host, "ls /var/lib/xensan/formats 2>/dev/null | wc -l")),
      );
      const sum = counts.reduce((total, count) => total + Number(count), 0);
      if (sum !== 1) throw new Error(`${counts.join(" and ")} records of a format`);
      return "one record";
    },
  },
  {
    name: "brutus rebooted with the operator off: mounted again by itself",
    async run(words) {
      await words.operator.kill();
      await words.reboot("brutus");
      await mountedWithin(words, "brutus", 240);
      const text = await shared(words, "bella", "brutus", `${mountPoint}/after-reboot`);
      await words.operator.start();
      await words.ready(400);
      return text;
    },
  },
  {
    name: "SAN rebooted: the file system waits for it",
    long: true,
    async run(words) {
      const boots = () =>
        Promise.all(["bella", "brutus"].map((host) => words.on(host, "cat /proc/sys/kernel/random/boot_id")));
      const before = await boots();
      await words.reboot("san");
      await words.ready(400);
      const text = await shared(words, "brutus", "bella", `${mountPoint}/after-san`);
      const after = await boots();
      if (before.join() !== after.join()) throw new Error("a dom0 was reset");
      return text;
    },
  },
  {
    name: "cold start of the whole rack with the operator off",
    long: true,
    async run(words) {
      await words.operator.kill();
      for (const host of ["bella", "brutus", "san"]) await words.power.cut(host);
      await Promise.all(["san", "bella", "brutus"].map((host) => words.power.restore(host)));
      for (const host of ["bella", "brutus"]) await mountedWithin(words, host, 300);
      const text = await shared(words, "bella", "brutus", `${mountPoint}/after-cold-start`);
      await words.operator.start();
      await words.ready(600);
      return text;
    },
  },
  {
    name: "an empty mount point takes no writes",
    async run({ on, become }) {
      const flags = await on(
        "brutus",
        `mkdir -p /mnt/root && mount --bind / /mnt/root && lsattr -d /mnt/root${mountPoint}; umount /mnt/root`,
      );
      if (!/^[a-zA-Z-]*i/.test(flags)) throw new Error(`lsattr says ${flags}`);
      await become(ocfs2Clusters, "xen", "Ready/True");
      return flags.split(" ")[0];
    },
  },
  {
    name: "a second file system joins; its volume grows once nobody holds it, and it grows with it; it leaves",
    long: true,
    async run(words) {
      const { apply, become, ready, on, until, remove, gone } = words;
      const unmounted = async () => {
        for (const host of ["bella", "brutus"]) await until(host, "! findmnt -n -M /srv/more", 400);
      };
      const size = (host: string) => on(host, "stat -f -c %b:%S /srv/more").then(sizeOf);
      const cluster = async (...filesystems: object[]) =>
        await apply(await tutorial(words, "Ocfs2Cluster", "xen", { filesystems: [data, ...filesystems] }));
      await apply(await serverOfVolumes(words), logicalVolume("more", 3, "512Mi"));
      await cluster(filesystem("more"));
      await ready(900);
      await shared(words, "bella", "brutus", "/srv/more/kept");
      const before = await size("brutus");
      await apply(logicalVolume("more", 3, "768Mi"));
      // A vblade is not restarted under a mount.
      const message = await become(aoeVolumes, "more", "Exported/True/ClientHoldsDevice");
      await cluster();
      await unmounted();
      await become(aoeVolumes, "more", "Ready/True", 400);
      await cluster(filesystem("more"));
      for (const host of ["bella", "brutus"]) {
        await until(host, `${mountedAt("/srv/more")} && test "$(stat -f -c %b /srv/more)" -gt ${before.blocks}`, 600);
      }
      await ready(400);
      const after = await size("bella");
      const text = await on("bella", "cat /srv/more/kept");
      await cluster();
      await unmounted();
      await ready(400);
      await remove(aoeVolumes, "more");
      await gone(aoeVolumes, "more", 400);
      return `${before.mib} to ${after.mib} MiB, ${text}; before: ${message}`;
    },
  },
];
