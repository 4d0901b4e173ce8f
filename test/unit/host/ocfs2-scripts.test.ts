import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  clusterOnline,
  configureCluster,
  mountFilesystem,
  unmountFilesystem,
} from "../../../src/host/ocfs2-actions.ts";
import type { KernelLine } from "../../../src/sim/model/o2cb-state.ts";
import { clusterRequest, mountedStage, mountPoint, mountRequest } from "../sim/cluster-stage.ts";
import type { Stage } from "../sim/tutorial.ts";

const shells = [["dash"], ["busybox", "sh"]].filter(([command = "sh", ...args]) => {
  const here = spawnSync(command, [...args, "-c", "exit 0"]).status === 0;
  if (!here) console.warn(`not tested with ${command}: it is not installed`);
  return here;
});
const shared = (name: string) =>
  readFileSync(new URL(`../../../src/host/scripts/shared/${name}.sh`, import.meta.url), "utf8").replace(
    /^# include: .*$/gm,
    "",
  );

it("the loop that mounts at boot has the revision of its text: hosts get a changed loop only with another number", () => {
  const textOf = (name: string) =>
    readFileSync(new URL(`../../../src/host/scripts/shared/${name}.sh`, import.meta.url));
  const digest = createHash("sha256")
    .update(textOf("mount-at-boot"))
    .update(textOf("heartbeat-region"))
    .update(textOf("unheard-beat"))
    .digest("hex");
  const written = /^mounts_revision='(.*)'$/m.exec(shared("boot-order"))?.[1];
  expect({ revision: shared("mount-at-boot").split("\n")[1], written, digest }).toEqual({
    revision: "# revision 3",
    written: "# revision 3",
    digest: "e90c7fc72b1eb181bb37da8f1f7bfe8b89dee97e5c295cc4c1ce51b92c10e00e",
  });
});

/** What the kernels of a simulated rack say while its storage fails, a file system breaks and a node differs. */
async function messagesOfTheRack(): Promise<readonly KernelLine[]> {
  const said = new Map<string, KernelLine>();
  const listen = ({ rack }: Stage) => {
    for (const { running } of rack.world.hosts.values()) for (const one of running.log) said.set(one.message, one);
  };
  const failing = await mountedStage();
  failing.rack.setCable("san", "eth1", "Pulled");
  for (let seconds = 0; seconds < 300; seconds += 5) {
    failing.pass(5);
    listen(failing);
  }
  const broken = await mountedStage();
  broken.rack.ocfs2.remountReadOnly("brutus", mountPoint);
  await broken.act("brutus", unmountFilesystem(mountRequest));
  const third = { number: 2, name: "caesar", address: "10.99.0.13", port: 7777 };
  const more = { ...clusterRequest, nodes: [...clusterRequest.nodes, third] };
  await broken.act("brutus", configureCluster(more));
  await broken.act("brutus", clusterOnline(more));
  await broken.act("brutus", mountFilesystem(mountRequest));
  listen(broken);
  const apart = await mountedStage();
  apart.rack.setCable("brutus", "eth1", "Pulled");
  for (let seconds = 0; seconds < 300; seconds += 5) {
    apart.pass(5);
    listen(apart);
  }
  return [...said.values()];
}

describe.each(shells)("in %s", (...shell) => {
  let directory: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), "xensan-ocfs2-"));
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));
  const file = (name: string, text: string) => {
    writeFileSync(join(directory, name), text);
    return join(directory, name);
  };
  const run = (parts: readonly string[], body: string): string[] => {
    const [command = "sh", ...args] = shell;
    const script = `${shared("prelude")}\n${parts.map(shared).join("\n")}\nrun_dir=${directory}\nwork=${directory}\nstate_dir=${directory}\n${body}\n`;
    const { stdout, stderr, status } = spawnSync(command, [...args, "-eu", "-s"], { input: script, encoding: "utf8" });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    return stdout.trimEnd().split("\n");
  };

  describe("the kernel's log of a host that lost its SAN", () => {
    // Kernel messages of a real rack: of a host whose cable was out, and of the one that stayed.
    const rowsOf = (dmesg: string) => {
      file("dmesg", dmesg);
      return run(["probe-kernel-log"], `awk -v work="$work" "$kernel_log_words"'BEGIN { exit !kernel_log() }'`);
    };
    it("tells what happened, to what, how often and when last", () => {
      const text = `[   45.969364] xen:xen_evtchn: Event-channel device installed
[   47.574740] ocfs2: Registered cluster interface o2cb
[  259.212022] o2hb: node 1 hb write hung for 60s on region 7A2CCBF7CDB246E0AB81C65C4C7283F3 (etherd/e0.1), negotiate timeout with node 0.
[  259.599586] o2net: Connection to node brutus (num 1) at 10.99.0.12:7777 has been idle for 61.795 secs.
[  318.606315] (kworker/0:2,52,0):o2hb_write_timeout:301 ERROR: Heartbeat write timeout to device etherd/e0.1 after 120668 milliseconds
[  318.610806] (kworker/0:2,52,0):o2hb_stop_all_regions:2689 ERROR: stopping heartbeat on all active regions.
[  318.612253] *** ocfs2 is very sorry to be fencing this system by restarting ***
[  322.259128] o2net: No longer connected to node brutus (num 1) at 10.99.0.12:7777
[  326.332097] ocfs2: End replay journal (node 1, slot 1) on device (152,0)
[  403.179574] (o2hb-20E7556D47,478,0):o2hb_do_disk_heartbeat:1164 ERROR: status = -5
[  405.194087] (o2hb-20E7556D47,478,0):o2hb_bio_end_io:535 ERROR: IO Error 10
[ 1924.663912] (mount.ocfs2,2703,0):ocfs2_fill_super:1176 ERROR: status = -107
`;
      const rows = rowsOf(text);
      expect(rows.map((row) => row.split("\t").slice(1, 5).join(" "))).toEqual([
        "Heartbeat 7A2CCBF7CDB246E0AB81C65C4C7283F3 1 259",
        "Network brutus 2 322",
        "Heartbeat etherd/e0.1 1 318",
        "Fencing - 2 318",
        "Heartbeat 20E7556D47 2 405",
        "Ocfs2Error - 1 1924",
      ]);
      expect(rows[1]).toBe(
        "kernel-log\tNetwork\tbrutus\t2\t322\to2net: No longer connected to node brutus (num 1) at 10.99.0.12:7777",
      );
    });

    it("knows the words of old and of new kernels", () => {
      const text = `[  300.100000] aoe: ata error cmd=24h stat=41h from e0.1
[  301.100000] end_request: I/O error, dev etherd/e0.1, sector 4096
[  302.100000] Buffer I/O error on device etherd/e0.1, logical block 0
[  303.100000] blk_update_request: I/O error, dev sr0, sector 0 op 0x0:(READ) flags 0x0 phys_seg 1 prio class 0
[  307.200000] o2net: node brutus (num 1) at 10.0.0.6:7777 advertised net protocol version 9 but 11 is required. Disconnecting.
[  312.000000] o2hb: Unable to stabilize heartbeat on region 77D1 (etherd/e0.1)
[  312.320000] o2quo: self fencing
[  315.000000] OCFS2: ERROR (device etherd/e0.1): ocfs2_validate_gd_self: Group descriptor #9 has bad signature
[  319.000000] JBD2: Error -5 detected when updating journal superblock for etherd/e0.1-23.
[  322.000000] (mount.ocfs2,771,0):dlm_join_domain:1885 Timed out joining dlm domain 77D1 after 92000 msecs
[  328.000000] BUG: scheduling while atomic: swapper/16/0/0x00000100
[  329.000000] INFO: task xl:4711 blocked for more than 120 seconds.
`;
      const rows = rowsOf(text);
      expect(rows.map((row) => row.split("\t").slice(1, 5).join(" "))).toEqual([
        "IoError e0.1 1 300",
        "IoError etherd/e0.1 2 302",
        "IoError sr0 1 303",
        "Network brutus 1 307",
        "Heartbeat 77D1 1 312",
        "Fencing - 1 312",
        "Ocfs2Error etherd/e0.1 2 319",
        "Ocfs2Error - 1 322",
      ]);
    });

    it.each([
      ["JBD2: I/O error when updating journal superblock for sda1-8.", "IoError sda1"],
      ["JBD2: I/O error when updating journal superblock for dm-0-8.", "IoError dm-0"],
      ["JBD2: I/O error when updating journal superblock for dm-0.", "IoError dm-0"],
      ["JBD2: I/O error when updating journal superblock for etherd!e0.1-23.", "IoError etherd/e0.1"],
      ["JBD2: Error -5 detected when updating journal superblock for sda1-8.", "Ocfs2Error sda1"],
      ["JBD2: Error -5 detected when updating journal superblock for mmcblk0p2-8.", "Ocfs2Error mmcblk0p2"],
      ["JBD2: Error -5 detected when updating journal superblock for etherd!e0.1-23.", "Ocfs2Error etherd/e0.1"],
      ['XFS (sda2): metadata I/O error in "xfs_buf_ioend+0x1" at daddr 0x1 len 8 error 5', "IoError sda2"],
      ['XFS (dm-1): metadata I/O error: block 0x64 ("xlog_iodone") error 5 numblks 64', "IoError dm-1"],
      ["XFS (md127): log I/O error -5", "IoError md127"],
      ['XFS (etherd/e0.2): metadata I/O error in "xfs_da_read_buf" at daddr 0x0', "IoError etherd/e0.2"],
      ['I/O error in filesystem ("sda2") meta-data dev sda2 block 0x40       ("xfs_readsb") error 5', "IoError sda2"],
      ["EXT4-fs (sda1): I/O error while writing superblock", "IoError sda1"],
      ["EXT4-fs (dm-0): previous I/O error to superblock detected", "IoError dm-0"],
      [
        "EXT4-fs warning (device nvme0n1p2): ext4_end_bio:343: I/O error 10 writing to inode 12 starting block 1)",
        "IoError nvme0n1p2",
      ],
      ["Buffer I/O error on dev md0, logical block 0, lost async page write", "IoError md0"],
      ["Buffer I/O error on device sda1, logical block 5", "IoError sda1"],
      ["lost page write due to I/O error on sda1", "IoError sda1"],
      ["end_request: I/O error, dev hda, sector 63", "IoError hda"],
      ["print_req_error: I/O error, dev dm-3, sector 0 flags 80700", "IoError dm-3"],
      ["blk_update_request: I/O error, dev nvme0n1, sector 0 op 0x0:(READ) flags 0x0", "IoError nvme0n1"],
      ["BTRFS warning (device sdb): lost page write due to I/O error on /dev/sdb", "IoError sdb"],
      ["BTRFS warning: lost page write due to I/O error on /dev/sdb", "IoError sdb"],
      ["sd 0:0:0:0: [sda] Unhandled I/O error", "IoError sda"],
      ["floppy: I/O error", "IoError -"],
      ["(o2hb-77D195BFEF,1102,1):o2hb_read_slots:1 ERROR: I/O error", "Heartbeat -"],
      ["(cat,4242,0):ocfs2_read_blocks:1 ERROR: I/O error", "Ocfs2Error -"],
    ])("names the device of %s", (line, expected) => {
      const rows = rowsOf(`[    1.5] ${line}\n<4>[    2.5] ${line}\n`);
      expect(rows.map((row) => row.split("\t").slice(1, 5).join(" "))).toEqual([`${expected} 2 2`]);
    });

    it.each([
      "blk_update_request: critical medium error, dev sda, sector 2048 op 0x0:(READ) flags 0x0",
      "nvme0n1: Read(0x2) @ LBA 123, 8 blocks, I/O Error (sct 0x2 / sc 0x81)",
      "md/raid1:md0: sdb: unrecoverable I/O read error for block 123",
      "XFS (sda2): Log I/O Error Detected.  Shutting down filesystem",
    ])("has nothing to tell where AoE does not say so: %s", (line) => {
      expect(rowsOf(`[    1.5] ${line}\n`)).toEqual([""]);
    });

    it.each([
      "vbd vbd-5-51712: 22 unknown fe protocol ocfs2_ERROR",
      "vbd vbd-5-51712: 22 unknown fe protocol o2hb_stop_all_regions",
      "vbd vbd-5-51712: 22 unknown fe protocol (a,1,0):ocfs2_x:1,ERROR",
      "vbd vbd-5-51712: 22 unknown fe protocol I/O error, dev sda",
      "vbd vbd-5-51712: 22 unknown fe protocol JBD2: Error -5 detected when updating journal superblock for sda1-8.",
      "vif vif-5-0 vif5.0: aoe: e0.1 not responding",
      "xen-blkback: backend/vbd/5/51712: I/O error, dev sda, OCFS2: ERROR",
      "xen_netback:xenvif_x: o2net: No longer connected to node brutus",
      "xenbus: o2hb: Unable to stabilize heartbeat on region 77D1",
      "xen:grant_table: o2quo: self fencing",
      "xen-backend vtpm-5-0: 22 o2quo: self fencing",
      "pciback pci-5-0: ocfs2: ERROR",
    ])("does not believe what a backend driver prints of its guest: %s", (line) => {
      const times = ["[    1.5] ", "<3>[    1.500000] ", "[    1.500000][  T123] ", ""];
      expect(rowsOf(times.map((time) => `${time}${line}\n`).join(""))).toEqual([""]);
    });

    it.each([
      "systemd[1]: Started (a,1,0):ocfs2_x:1 ERROR",
      "ocfs2_a ERROR[4242]: segfault at 0 ip 0 sp 0 error 4",
      "INFO: task ocfs2_x ERROR:4711 blocked for more than 120 seconds.",
      " ? o2hb_write_timeout+0x10/0x20 [ocfs2_nodemanager]",
    ])("does not take these words for those of OCFS2: %s", (line) => {
      expect(rowsOf(`[    1.5] ${line}\n`)).toEqual([""]);
    });

    it.each([
      ["(kworker/0:2,52,0):o2hb_stop_all_regions:2689 ERROR: stopping heartbeat on all active regions.", "Fencing -"],
      ["(52,0):o2hb_write_timeout:301 ERROR: Heartbeat write timeout to device e0.1", "Heartbeat e0.1"],
      ["((sd-pam),52,0):ocfs2_read_blocks:1 ERROR: status = -5", "Ocfs2Error -"],
      ["OCFS2: File system is now read-only.", "Ocfs2Error -"],
      ["On-disk corruption discovered. Please run fsck.ocfs2 once the filesystem is unmounted.", "Ocfs2Error -"],
      ["o2cb: This node could not connect to nodes: 1.", "Ocfs2Error -"],
      ["ocfs2: Cluster check failed. Fix errors before retrying.", "Ocfs2Error -"],
      ["JBD: Error -5 detected when updating journal superblock for sda1-8.", "Ocfs2Error sda1"],
    ])("reads %s, with every form of the time", (line, expected) => {
      for (const [time, seconds] of [
        ["[    1.500000] ", 1],
        ["<3>[12345.500000] ", 12345],
        ["[    1.500000][  T123] ", 1],
        ["[    1.500000] [    C0] ", 1],
        ["", 0],
      ] as const)
        expect(rowsOf(`${time}${line}\n`)).toEqual([
          `kernel-log\t${expected.replace(" ", "\t")}\t1\t${seconds}\t${line}`,
        ]);
    });

    it("reads in the messages of the simulated rack what the rack's own probe tells", async () => {
      const said = await messagesOfTheRack();
      expect(new Set(said.map(({ kind }) => kind))).toEqual(new Set(["Heartbeat", "IoError", "Network", "Ocfs2Error"]));
      for (const { kind, subject, message } of said)
        expect(rowsOf(`[    1.500000] ${message}\n`)).toEqual([
          `kernel-log\t${kind}\t${subject || "-"}\t1\t1\t${message}`,
        ]);
    });

    it("has nothing to tell of a quiet boot and of mounts", () => {
      const text = `[  566.468887] o2hb: Heartbeat mode set to local
[  602.805702] o2dlm: Joining domain 20E7556D473244BC9767E8F7299AFE1C
[  679.270599] ocfs2: Mounting device (152,16) on (node 0, slot 0) with ordered data mode.
[  685.154230] o2net: Accepted connection from node brutus (num 1) at 10.99.0.12:7777
[  652.731049] aoe: unknown ioctl 0x80280215
`;
      expect(rowsOf(text)).toEqual([""]);
    });
  });

  describe("/etc/fstab", () => {
    const body = (call: string) => {
      const path = file(
        "fstab",
        "# by hand\nUUID=1 / ext4 defaults 0 1\n/dev/etherd/e0.9 /srv/other ocfs2 _netdev,noauto 0 0\n# xensan: san/disks 1111-aa\n/dev/etherd/e0.1 /srv/xen ocfs2 _netdev,noauto,noatime 0 0\n\n# the end\n",
      );
      return shared("fstab").replaceAll("/etc/fstab", path) + call;
    };
    it("says what mounts a directory at boot, and whose it is", () => {
      expect(run([], body("\nfstab_entry /srv/xen"))).toEqual([
        "/dev/etherd/e0.1\t_netdev,noauto,noatime\tsan/disks 1111-aa",
      ]);
      expect(run([], body("\nfstab_entry /"))).toEqual(["UUID=1\tdefaults\t-"]);
      // No entry mounts that one.
      expect(run([], body("\nfstab_entry /srv/other"))).toEqual([""]);
    });
    it("loses an entry with its mark and nothing else", () => {
      expect(run([], body("\nfstab_without /srv/xen"))).toEqual([
        "# by hand",
        "UUID=1 / ext4 defaults 0 1",
        "/dev/etherd/e0.9 /srv/other ocfs2 _netdev,noauto 0 0",
        "",
        "# the end",
      ]);
    });
  });

  describe("the loop that mounts at boot", () => {
    const uuid = "20e7556d-4732-44bc-9767-e8f7299afe1c";
    const [functions = ""] = shared("mount-at-boot").split("\nseconds=2");
    const holds = (records: string, said: string, code = 0) => {
      file("mounts", records);
      file("blkid-says", said);
      const blkid = `blkid() { case $1 in -V) echo 'blkid from util-linux 2.38.1' ;; *) cat "${directory}/blkid-says"; return ${code} ;; esac; }`;
      const call = "holds_recorded /dev/etherd/e0.1 /srv/xen 2>&1 && echo mounts";
      return run([], `${functions}\nstate_dir=${directory}\n${blkid}\n${call} || :`);
    };
    const ocfs2 = (found: string) =>
      `DEVNAME=/dev/etherd/e0.1\nLABEL=data\nUUID=${found}\nTYPE=ocfs2\nUSAGE=filesystem\n`;
    const refused = (held: string) => [
      `xensan: /dev/etherd/e0.1 is not mounted on /srv/xen: it holds ${held} and not UUID ${uuid} ocfs2`,
    ];
    const records = `00000000-0000-4000-8000-000000000001 /srv/other\n${uuid} /srv/xen\n`;
    it("mounts the file system that was recorded, and any other one only where there is no record", () => {
      const other = "00000000-0000-4000-8000-000000000001";
      expect(holds(records, ocfs2(uuid))).toEqual(["mounts"]);
      expect(holds(records, ocfs2(other))).toEqual(refused(`UUID ${other} ocfs2`));
      expect(holds(records, `UUID=${uuid}\nTYPE=ext4\n`)).toEqual(refused(`UUID ${uuid} ext4`));
      expect(holds(records, "", 2)).toEqual(refused("nothing that blkid reads"));
      expect(holds(`${other} /srv/other\n`, ocfs2(other))).toEqual(["mounts"]);
      expect(holds("", "", 2)).toEqual(["mounts"]);
    });

    it("mounts what it compared, whatever it does for the cluster in between", () => {
      file("mounts", records);
      file("cluster", "ocfs2 reset local\n");
      file("fstab", "# xensan: san/xen 1111-aa\n/dev/etherd/e0.1 /srv/xen ocfs2 noauto 0 0\n");
      file("mounted", "");
      mkdirSync(`${directory}/configfs/ocfs2`, { recursive: true });
      file("configfs/ocfs2/fence_method", "reset\n");
      const loop = [shared("heartbeat-region"), shared("unheard-beat"), shared("mount-at-boot")]
        .join("\n")
        .replaceAll("debugfs.ocfs2", "true")
        .replaceAll("/sys/kernel/config/cluster", `${directory}/configfs`)
        .replaceAll("/etc/fstab", `${directory}/fstab`)
        .replaceAll("/proc/self/mounts", `${directory}/mounted`)
        .replaceAll("/var/lib/xensan", directory)
        .replaceAll('[ -b "$device" ]', '[ -n "$device" ]')
        .replaceAll('[ ! -b "$device" ]', "false");
      const blkid = `blkid() { case $1 in -V) echo 'blkid from util-linux 2.38.1' ;; *) [ "$4" != /dev/etherd/e0.1 ] || printf 'UUID=${uuid}\\nTYPE=ocfs2\\n' ;; esac; }`;
      const mount = `mount() { echo "mount $1"; echo "/dev/etherd/e0.1 $1" >>"${directory}/mounted"; }`;
      expect(run([], `${blkid}\n${mount}\nsleep() { exit 1; }\n${loop}`)).toEqual(["mount /srv/xen"]);
    });

    it("does not read entries that somebody has commented out", () => {
      file("fstab", "# xensan: san/xen 1111-aa\n#/dev/etherd/e0.1 /srv/xen ocfs2 noauto 0 0\n");
      file("mounted", "");
      const text = functions
        .replaceAll("/etc/fstab", `${directory}/fstab`)
        .replaceAll("/proc/self/mounts", `${directory}/mounted`);
      expect(run([], `${text}\nwaiting`)).toEqual([""]);
    });
  });

  describe("a node that writes a heartbeat and is not heard", () => {
    const region = "F12FA657E0B04125B9AAE8CF47B6BCB8";
    /** Node 0 is this host, node 1 the other registered one. Each look shows the next of these `NODE: SEQUENCE`. */
    const unheard = (looks: readonly string[], beats = "") => {
      for (const [name, local] of [
        ["0", "1"],
        ["1", "0"],
      ]) {
        mkdirSync(`${directory}/beating/node/n${name}`, { recursive: true });
        file(`beating/node/n${name}/num`, `${name}\n`);
        file(`beating/node/n${name}/local`, `${local}\n`);
      }
      mkdirSync(`${directory}/beating/heartbeat/${region}`, { recursive: true });
      file(`beating/heartbeat/${region}/dev`, beats);
      for (const [index, look] of looks.entries())
        file(
          `look${index}`,
          `\tnode: node seq generation checksum\n${look.replace(/(\d+): (\d+)/g, "\t   $1:    $1 $2 1 2\n")}`,
        );
      const debugfs = `debugfs_ocfs2() { cat "${directory}/look$look"; }\nlook=0\nsleep() { look=1; }\nblockdev() { :; }`;
      const text = [shared("heartbeat-region"), shared("unheard-beat")]
        .join("\n")
        .replaceAll("debugfs.ocfs2", "debugfs_ocfs2");
      return run(
        [],
        `${text}\n${debugfs}\nunheard_beat "${directory}/beating" /dev/etherd/e0.1 ${region}; echo "<$unheard>"`,
      );
    };
    it.each<[string, readonly string[], string, string]>([
      ["nobody ever wrote", ["", ""], "", ""],
      ["a registered one writes", ["0: 7 1: 100", "0: 7 1: 102"], "", ""],
      ["one that is not registered wrote once", ["2: 100", "2: 100"], "", ""],
      ["one that is not registered writes", ["1: 100 2: 100", "1: 102 2: 102"], "", "2"],
      ["one begins to", ["1: 100", "1: 102 12: 5"], "", "12"],
      ["another one has the number of this host", ["0: 100", "0: 102"], "", "0"],
      ["this host itself writes", ["0: 100", "0: 102"], "e0.1\n", ""],
    ])("is found: %s", (_what, looks, beats, number) => {
      expect(unheard(looks, beats)).toEqual([`<${number}>`]);
    });
  });

  describe("the record of a format", () => {
    it("is written before mkfs.ocfs2 begins, which does not begin without it", () => {
      const text = shared("run-format").replaceAll("mkfs.ocfs2", "mkfs_ocfs2");
      const program = file("run-format.sh", `mkfs_ocfs2() { echo made; exit 7; }\n${text}`);
      const log = `${directory}/format.log`;
      const made = (record: string) =>
        run(
          [],
          `rm -f ${log}; sh ${program} true ${record} /dev/etherd/e0.1 san/a uuid ${log} 2>/dev/null || echo "exit $?"; cat ${log} 2>/dev/null || :`,
        );
      expect(made(`${directory}/nowhere/record`)).toEqual(["exit 2"]);
      expect(made(`${directory}/new-record`)).toEqual(["exit 7", "made"]);
    });
    const boot = "00000000-0000-0000-0000-000000000000";
    const stateOf = (text: string) =>
      run(
        ["format-records"],
        `format_state ${file("record", text)}\necho "$record_state $record_device $record_owner"`,
      );
    it("says done only after the end", () => {
      expect(stateOf(`/dev/etherd/e0.1\nsan/a 1\nbegan ${boot} 1 2\ndone\n`)).toEqual([
        "Done /dev/etherd/e0.1 san/a 1",
      ]);
    });
    it("is of an interrupted one after a reboot, after the end of its process, and when it is only half there", () => {
      expect(stateOf(`/dev/etherd/e0.1\nsan/a 1\nbegan ${boot} 1 2\n`)).toEqual([
        "Interrupted /dev/etherd/e0.1 san/a 1",
      ]);
      const now = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
      expect(stateOf(`/dev/etherd/e0.1\nsan/a 1\nbegan ${now} 1 2\n`)).toEqual([
        "Interrupted /dev/etherd/e0.1 san/a 1",
      ]);
      expect(stateOf("/dev/etherd/e0.1\n")).toEqual(["Interrupted /dev/etherd/e0.1"]);
      expect(stateOf("")).toEqual(["Interrupted"]);
    });
    it("is of a running one while its very process is there", () => {
      const now = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
      const birth = readFileSync(`/proc/${process.pid}/stat`, "utf8")
        .replace(/^.*\) /, "")
        .split(" ")[19];
      expect(stateOf(`/dev/etherd/e0.1\nsan/a 1\nbegan ${now} ${process.pid} ${birth}\n`)).toEqual([
        "Running /dev/etherd/e0.1 san/a 1",
      ]);
    });
  });

  describe("a region of a global heartbeat", () => {
    // Output of debugfs.ocfs2 1.8.7 for a real file system.
    const uuid = "F12FA657E0B04125B9AAE8CF47B6BCB8";
    const stats = `	Block Size Bits: 11   Cluster Size Bits: 12
	Max Node Slots: 2
	UUID: ${uuid}
	Cluster flags: 1 Globalheartbeat
	Inode: 2   Mode: 00   Generation: 1598619917 (0x5f49010d)
	Type: Unknown   Attr: 0x0   Flags: Valid System Superblock
`;
    const heartbeat = `	Inode: 12   Mode: 0644   Generation: 1598619917 (0x5f49010d)
	Type: Regular   Attr: 0x0   Flags: Valid System Heartbeat
	User: 0 (root)   Group: 0 (root)   Size: 524288
	Tree Depth: 0   Count: 115   Next Free Rec: 1
	## Offset        Clusters       Block#          Flags
	0  0             128            276             0x0
`;
    const layout = (region: string, texts = { stats, heartbeat }, sector = 512) => {
      const debugfs = `debugfs.ocfs2() { case $2 in stats) cat ${file("stats", texts.stats)} ;; *) cat ${file("heartbeat", texts.heartbeat)} ;; esac; }`;
      // POSIX allows no dot in the name of a function.
      const text = shared("heartbeat-region").replaceAll("debugfs.ocfs2", "debugfs_ocfs2");
      return run(
        [],
        `${debugfs.replace("debugfs.ocfs2", "debugfs_ocfs2")}\n${text}\nregion_layout ${region} /dev/etherd/e0.3 ${sector}`,
      );
    };
    it("lies where the heartbeat file does, with a sector for each node that the kernel can count", () => {
      expect(layout(uuid)).toEqual(["1104 255"]);
      const large = {
        stats: stats.replace("Bits: 11   Cluster Size Bits: 12", "Bits: 12   Cluster Size Bits: 20"),
        heartbeat: heartbeat.replace("128            276", "1              1024"),
      };
      expect(layout(uuid, large)).toEqual(["8192 255"]);
      const few = { stats, heartbeat: heartbeat.replace("128            276", "16             276") };
      expect(layout(uuid, few)).toEqual(["1104 128"]);
      expect(layout(uuid, few, 2048)).toEqual(["276 32"]);
    });
    it("is nowhere on another file system, on none, and where the heartbeat file has no plain extent", () => {
      expect(layout("F12FA657E0B04125B9AAE8CF47B6BCB9")).toEqual([""]);
      expect(layout(uuid, { stats: "", heartbeat: "" })).toEqual([""]);
      expect(layout(uuid, { stats, heartbeat: "" })).toEqual([""]);
      expect(layout(uuid, { stats, heartbeat: heartbeat.replace("Depth: 0", "Depth: 1") })).toEqual([""]);
    });
    it("is not begun on what is no block device, and leaves nothing behind", () => {
      const body = `mkdir -p ${directory}/c/heartbeat\nstart_region ${directory}/c ${uuid} ${directory}/none || echo "$region_error"\nls ${directory}/c/heartbeat`;
      expect(run(["heartbeat-region"], body)).toEqual([`${directory}/none is no block device`]);
    });
  });
});
