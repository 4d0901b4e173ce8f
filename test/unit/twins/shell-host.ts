import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { uuidOf } from "../../../src/sim/model/disk-content.ts";
import { announcePrograms, type Counted, countingWords, readCount } from "./count-processes.ts";
import { changes, treeOfDirectory } from "./file-tree.ts";
import { type Answer, type DomainRow, type Furniture, harmfulOf, type TwinHost } from "./host.ts";
import { mapPaths, unmappedPaths } from "./paths.ts";
import * as programs from "./programs.ts";

const filesystem = "7a3c2f10-5b1d-4c7e-9a66-0d1e2f3a4b5c";
const systemPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const bootId = "b3d57a51-0a4c-4c0f-9f0e-1a2b3c4d5e6f";

/** A host whose scripts a shell runs, over a directory of this machine. */
export interface ShellHost extends TwinHost {
  /** A real block device; false where this machine does not let us make one. */
  blockDevice(path: string, major: number, minor: number): boolean;
}

/** Runs real scripts in a shell, over a directory in which they see a dom0. `count` is told what each run started. */
export function shellHost(
  shell: readonly string[],
  furniture: Furniture,
  count?: (counted: Counted) => void,
): ShellHost {
  const directory = mkdtempSync(join(tmpdir(), "xensan-twin-"));
  const fake = join(directory, "fake");
  const working: ChildProcess[] = [];
  const others: ChildProcess[] = [];
  /** SHA-256 of what the test passes → of what the script gets, with paths of this directory. */
  const digests = new Map<string, string>();
  const at = (path: string) => join(directory, path);
  const put = (path: string, text: string, mode = 0o644) => {
    mkdirSync(dirname(at(path)), { recursive: true });
    writeFileSync(at(path), text, { mode });
    chmodSync(at(path), mode);
  };
  const program = (name: string, text: string) => put(`/fake/bin/${name}`, text.replaceAll("@FAKE@", fake), 0o755);
  const programPath = `${fake}/bin:${fake}/tools`;
  const own = (text: string) => text.replaceAll(programPath, systemPath).replaceAll(directory, "");

  const {
    shared = "Mounted",
    xen = "4.17.7",
    toolstack = "xl",
    time = "Virtual",
    host = "bella",
    packages = [],
  } = furniture;
  for (const path of [
    "/run",
    "/var/lib",
    "/srv/xen",
    "/etc",
    "/proc/self",
    "/fake/tools",
    "/root",
    "/sys/kernel/config",
    "/etc/modprobe.d",
    "/etc/modules-load.d",
    "/etc/sysctl.d",
    "/etc/default",
    "/run/systemd/system",
    "/sbin",
  ])
    mkdirSync(at(path), { recursive: true });
  const busybox = shell[0] === "busybox" ? execFileSync("busybox", ["--list"], { encoding: "utf8" }).split("\n") : [];
  for (const tool of programs.tools) {
    const command = busybox.includes(tool) ? "busybox" : tool;
    const found = spawnSync("sh", ["-c", `command -v ${command}`], { encoding: "utf8" }).stdout.trim();
    if (found.startsWith("/")) symlinkSync(found, at(`/fake/tools/${tool}`));
  }
  put("/proc/uptime", "1000.00 900.00\n");
  if (time === "Virtual") program("sleep", programs.sleep);
  else symlinkSync("/bin/sleep", at("/fake/tools/sleep"));
  const root = `21 1 254:1 / ${directory} rw,relatime shared:1 - ext4 ${at("/dev/vda1")} rw\n`;
  const share = `40 21 152:240 / ${at("/srv/xen")} rw,relatime shared:9 - ocfs2 ${at("/dev/etherd/e15.15")} rw\n`;
  symlinkSync("/proc/self/stat", at("/proc/self/stat"));
  put("/proc/self/mountinfo", shared === "NotMounted" ? root : root + share);
  put("/proc/meminfo", "MemTotal:        1048576 kB\nMemFree:          600000 kB\nMemAvailable:     843776 kB\n");
  put("/sys/devices/system/xen_memory/xen_memory0/info/current_kb", "1048576\n");
  put("/proc/swaps", "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
  put("/proc/sys/kernel/hostname", `${host}\n`);
  put("/proc/sys/kernel/osrelease", "6.1.0-56-amd64\n");
  put("/boot/config-6.1.0-56-amd64", "CONFIG_ATA_OVER_ETH=m\nCONFIG_OCFS2_FS=m\nCONFIG_OCFS2_FS_O2CB=m\n");
  put("/proc/sys/kernel/panic", "0\n");
  put("/proc/sys/kernel/panic_on_oops", "0\n");
  for (const nic of ["eth0", "eth1", "lo"]) put(`/sys/class/net/${nic}/flags`, "0x1003\n");
  for (const nic of ["eth0", "eth1"]) {
    put(`/sys/class/net/${nic}/address`, `52:54:00:99:0${nic.at(-1)}:1${host === "san" ? 0 : 1}\n`);
    mkdirSync(at(`/sys/class/net/${nic}/device`));
  }
  put("/etc/network/interfaces", "source /etc/network/interfaces.d/*\nauto eth0\nauto eth1\n");
  put("/etc/fstab", "/dev/vda / ext4 rw,relatime 0 1\n");
  if (host === "bella" && toolstack !== "none") {
    mkdirSync(at("/sys/class/net/xenbr0/bridge"), { recursive: true });
    // A part of Xen's tools, with or without Open vSwitch.
    put("/etc/xen/scripts/vif-openvswitch", "#!/bin/sh\n", 0o755);
  }
  // A path of NVMe multipath, which has no number.
  put("/sys/class/block/nvme0c0n1/hidden", "1\n");
  put("/sys/class/block/nvme0c0n1/size", "2097152\n");
  put("/fake/packages", packages.map((name) => `${name}\n`).join(""));
  for (const name of packages)
    for (const [tool, text] of Object.entries(programs.packaged[name] ?? {}))
      program(tool, text || "#!/bin/sh\nexit 1\n");
  program("stat", programs.stat);
  put("/fake/blocks", host === "san" ? `${at("/dev/vdc")} fe 20\n` : "");
  if (host === "san") {
    put("/dev/vdc", `${"\0".repeat(512)}LABELONE${"\0".repeat(512)}`);
    mkdirSync(at("/sys/devices/vdc/holders"), { recursive: true });
    put("/sys/devices/vdc/serial", "data-8\n");
    put("/sys/devices/vdc/size", `${(8 * 2 ** 30) / 512}\n`);
    mkdirSync(at("/sys/dev/block"), { recursive: true });
    symlinkSync(at("/sys/devices/vdc"), at("/sys/dev/block/254:32"));
  }
  if (packages.includes("lvm2")) {
    put("/fake/vgs", `san ${4 * 2 ** 20} 2047\n`);
    put("/fake/lvs", "");
    put("/fake/serial", "1\n");
  }
  if (shared === "Beating") {
    put("/fake/blocks", `${at("/dev/etherd/e15.15")} 98 f0\n`);
    put("/dev/etherd/e15.15", "");
    put("/sys/block/etherd!e15.15/state", "up\n");
    put("/sys/dev/block/152:240/size", `${2 ** 40 / 512}\n`);
    const region = filesystem.replaceAll("-", "").toUpperCase();
    mkdirSync(at(`/sys/kernel/config/cluster/labclus/heartbeat/${region}`), { recursive: true });
    program("mount", programs.mount);
  }
  if (packages.includes("vblade"))
    put("/usr/lib/systemd/system/vblade@.service", "[Service]\nRestart=always\nRestartSec=10\n");
  put("/fake/info", programs.info(xen));
  put("/etc/ssh/ssh_host_ed25519_key.pub", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHHHH root@bella\n");
  program("dmesg", "#!/bin/sh\nexit 0\n");
  program("lsattr", programs.lsattr);
  program("ip", programs.ip);
  if (packages.includes("ocfs2-tools")) {
    put("/etc/default/o2cb", programs.packagedO2cb);
    put("/etc/rc2.d/S01o2cb", "");
    put("/etc/init.d/o2cb", programs.o2cbInit.replaceAll("@FAKE@", fake), 0o755);
  }
  if (packages.includes("aoetools")) {
    // Its init script has loaded the module.
    put("/usr/lib/modules-load.d/aoetools.conf", "aoe\n");
    put("/sys/module/aoe/refcnt", "0\n");
    put("/sys/module/aoe/parameters/aoe_iflist", "\n");
  }
  program("uname", programs.uname);
  program("ssh", programs.ssh);
  program("systemctl", programs.systemctl);
  program("dpkg-query", programs.dpkgQuery);
  program("dpkg", "#!/bin/sh\nexit 0\n");
  program("apt-get", programs.aptGet);
  program("modprobe", programs.modprobe);
  put("/sbin/modprobe", programs.modprobe.replaceAll("@FAKE@", fake), 0o755);
  put("/proc/sys/kernel/random/boot_id", `${bootId}\n`);
  // The identity of bella in the simulated rack.
  put("/etc/machine-id", `${uuidOf("machine bella").replaceAll("-", "")}\n`);
  put("/proc/xen/capabilities", "control_d\n");
  put("/etc/passwd", "root:x:0:0:root:/root:/bin/sh\n".replaceAll("/root", at("/root")));
  put("/fake/blkid", `${at("/dev/etherd/e15.15")} ${filesystem} ocfs2 -\n`);
  program("blkid", programs.blkid);
  if (toolstack === "xl" && host === "bella") program("xl", programs.xl);
  if (toolstack === "xm") {
    program("xm", programs.xm);
    put("/etc/init.d/xend", "#!/bin/sh\nexit 0\n", 0o755);
  }
  put("/fake/domains", "");
  put("/fake/system-state", "degraded\n");
  put("/fake/next-id", "1\n");
  // To an address that does not answer.
  put("/fake/migrate", "sleep 1\necho 'ssh: connect to host port 22: No route to host' >&2\nexit 1\n");
  const [major, minor] = xen.split(".");
  const resumes = Number(major) > 4 || Number(minor) >= 20;
  put(
    "/fake/help",
    `Usage xl [-vfNtT] <subcommand> [args]\n\n unpause             Unpause a paused domain\n${resumes ? " resume              Resume a domain\n" : ""}`,
  );
  execFileSync("mkfifo", [at("/fake/forever")]);
  if (count !== undefined) announcePrograms(fake);

  let aged = count === undefined;
  let before = treeOfDirectory(directory);
  const rows = () =>
    readFileSync(at("/fake/domains"), "utf8")
      .split("\n")
      .filter((row) => row !== "")
      .map((row) => row.split(" "));
  const domainEffects = () => rows().map(([id, name, , state]) => `domain ${id} ${name} ${state}`);

  /** Maps paths of the host to those of this directory, also in a base64-encoded text and its digest. */
  const argument = (text: string): string => {
    const digest = digests.get(text);
    if (digest !== undefined) return digest;
    const decoded = /^[A-Za-z0-9+/]{16,}=*$/.test(text) ? Buffer.from(text, "base64").toString("utf8") : "";
    if (decoded.includes("=") && Buffer.from(decoded).toString("base64") === text) {
      const mapped = mapPaths(decoded, directory);
      digests.set(digestOf(decoded), digestOf(mapped));
      return Buffer.from(mapped).toString("base64");
    }
    return mapPaths(text, directory);
  };

  /** Process groups that hold leases. */
  const holders = (uuid?: string): number[] => {
    const leases = at("/run/xensan/leases");
    const files = existsSync(leases) ? readdirSync(leases).filter((file) => file.endsWith(".pid")) : [];
    return files
      .filter((file) => uuid === undefined || file === `${uuid}.pid`)
      .flatMap((file) => {
        const [pid, birth] = readFileSync(join(leases, file), "utf8").trim().split(" ");
        const stat = existsSync(`/proc/${pid}/stat`) ? readFileSync(`/proc/${pid}/stat`, "utf8") : "";
        return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] === birth ? [Number(pid)] : [];
      });
  };

  /** Ids and words of the running vblades; one that has ended and is a zombie has no words. */
  const vblades = (): { readonly pid: number; readonly words: readonly string[] }[] =>
    (existsSync(at("/fake/vblades")) ? readFileSync(at("/fake/vblades"), "utf8").split("\n") : [])
      .filter((pid) => pid !== "" && existsSync(`/proc/${pid}/cmdline`))
      .map((pid) => ({
        pid: Number(pid),
        words: readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").slice(0, -1),
      }))
      .filter(({ words }) => words[0] === "vblade");

  return {
    filesystem,
    bootId,
    async run(command): Promise<Answer> {
      const { name, text } = command.script;
      const odd = unmappedPaths(text);
      if (odd.length > 0)
        throw new Error(`${name}.sh names ${odd.join(", ")}: the fake host does not map it (paths.ts)`);
      const mapped = mapPaths(text.replaceAll(/^PATH=\/.*$/gm, "PATH=@PATH@"), directory)
        .replaceAll("@PATH@", programPath)
        .replace(/^set -eu$/m, (found) => `${found}\n/bin/ln -sfn "/proc/$$" "${directory}/proc/$$"`);
      // Make the host's files older than any look at it: some shells compare whole seconds.
      if (!aged) execFileSync("find", [directory, "-exec", "touch", "-h", "-d", "2026-01-01", "{}", "+"]);
      aged = true;
      const [program = "sh", ...options] = count === undefined ? shell : [...countingWords(fake), ...shell];
      const args = command.args.map(argument);
      const done = spawnSync(program, [...options, "-s", "--", ...args], {
        input: mapped,
        encoding: "utf8",
        timeout: 120_000,
        env: name === "probe" ? { ...process.env, REAL_TIME: "yes" } : process.env,
      });
      let stdout = own(done.stdout);
      for (const [told, given] of digests) stdout = stdout.replaceAll(given, told);
      const after = treeOfDirectory(directory);
      const effects = [...changes(before, after).map(own), ...domainEffects()];
      before = after;
      const exitCode = done.status ?? -1;
      // The link in the table of processes was made by us.
      count?.(readCount(fake, 1));
      return { script: name, exitCode, stdout, stderr: own(done.stderr), effects };
    },
    end() {
      for (const { pid } of vblades()) process.kill(pid, "SIGKILL");
      for (const pid of holders()) process.kill(-pid, "SIGKILL");
      for (const child of working) child.kill("SIGKILL");
      for (const { pid } of others) if (pid !== undefined) process.kill(-pid, "SIGKILL");
      rmSync(directory, { recursive: true, force: true });
    },
    domains(...given: readonly DomainRow[]) {
      put("/fake/domains", given.map((row) => `${row.slice(0, 4).join(" ")} ${row[4].toFixed(1)}\n`).join(""));
      put("/fake/next-id", `${Math.max(0, ...given.map(([id]) => id)) + 1}\n`);
    },
    runsWith(bridge, kernel, given = []) {
      const disks = given.map(({ path, format }) => ({ pdev_path: at(path), vdev: "xvda", format, readwrite: 1 }));
      const config = { b_info: { kernel: at(kernel) }, disks, nics: [{ bridge }] };
      put("/fake/long", `${JSON.stringify([{ domid: 1, config }], undefined, 4)}\n`);
    },
    openVSwitch(...bridges) {
      put("/fake/ovs-bridges", bridges.map((name) => `${name}\n`).join(""));
      program("ovs-vsctl", programs.ovsVsctl);
    },
    listed: () => rows().map(([, name, , state]) => `${name} ${state}`),
    atWork(verb, ...about) {
      put("/fake/work/xl", programs.work.replaceAll("@FAKE@", fake), 0o755);
      const child = spawn(at("/fake/work/xl"), [verb, ...about.map((word) => mapPaths(word, directory))], {
        stdio: "ignore",
      });
      working.push(child);
      // Its name and words exist once the kernel has begun the program.
      spawnSync("sh", ["-c", `until [ -e ${at(`/proc/${child.pid}`)} ]; do :; done`], { timeout: 20_000 });
    },
    watchdog(seconds, boot) {
      put("/fake/work/xenwatchdogd", programs.work.replaceAll("@FAKE@", fake), 0o755);
      const child = spawn(at("/fake/work/xenwatchdogd"), [`${seconds}`, "5"], { stdio: "ignore" });
      working.push(child);
      spawnSync("sh", ["-c", `until [ -e ${at(`/proc/${child.pid}`)} ]; do :; done`], { timeout: 20_000 });
      if (boot === "AtBoot") put("/etc/systemd/system/multi-user.target.wants/xen-watchdog.service", "");
      before = treeOfDirectory(directory);
    },
    failCreate: (...lines) => put("/fake/create-error", lines.map((line) => `${line}\n`).join("")),
    leasedElsewhere(path, mode) {
      const words = [mode === "Exclusive" ? "-x" : "-s", at(path), "sh", "-c", "echo held; exec sleep 600"];
      const child = spawn("flock", words, { stdio: ["ignore", "pipe", "ignore"], detached: true });
      others.push(child);
      const free = () => spawnSync("flock", ["-n", "-x", at(path), "true"]).status === 0;
      while (free());
    },
    isLeased: (path) => spawnSync("flock", ["-n", "-x", at(path), "true"]).status !== 0,
    killHolder(uuid) {
      const [pid = 0] = holders(uuid);
      process.kill(pid, "SIGKILL");
      spawnSync("sh", ["-c", `while [ -e /proc/${pid} ]; do :; done`], { timeout: 20_000 });
    },
    ignoreShutdown: (uuid) => put(`/fake/ignores.${uuid}`, ""),
    breakToolstack: () =>
      put("/fake/broken", "libxl: error: libxl.c:102:libxl_ctx_alloc: cannot connect to xenstore\n"),
    goDown: () => put("/fake/system-state", "stopping\n"),
    ocfs2(deviceBytes, bytes, slots) {
      put("/fake/blocks", `${at("/dev/etherd/e15.15")} 98 f0\n`);
      put("/dev/etherd/e15.15", "");
      put("/sys/block/etherd!e15.15/state", "up\n");
      put("/sys/dev/block/152:240/size", `${deviceBytes / 512}\n`);
      const uuid = filesystem.replaceAll("-", "").toUpperCase();
      put("/fake/ocfs2", `${at("/dev/etherd/e15.15")} ${bytes / 4096} 12 12 ${slots} ${uuid} DATA labclus\n`);
    },
    mountedElsewhere: () => put("/fake/mounted-elsewhere", ""),
    hears(...numbers) {
      const region = at(`/sys/kernel/config/cluster/labclus/heartbeat/${filesystem.replaceAll("-", "").toUpperCase()}`);
      if (numbers.length > 0) mkdirSync(region, { recursive: true });
      else rmSync(region, { recursive: true });
      put("/sys/kernel/debug/o2hb/livenodes", `${numbers.join(" ")}\n`);
    },
    blockDevice(path, major, minor) {
      mkdirSync(dirname(at(path)), { recursive: true });
      return spawnSync("mknod", [at(path), "b", String(major), String(minor)]).status === 0;
    },
    served(name, bytes, holds) {
      const device = at(`/dev/etherd/${name}`);
      const [shelf = 0, slot = 0] = name.slice(1).split(".").map(Number);
      put("/fake/targets", `${name.slice(1)} san\n`);
      put("/fake/blocks", `${device} 98 ${(shelf * 16 + slot).toString(16)}\n`);
      put(`/sys/block/etherd!${name}/state`, "up\n");
      put(`/sys/dev/block/152:${shelf * 16 + slot}/size`, `${bytes / 512}\n`);
      put(`/dev/etherd/${name}`, holds === "Data" ? "somebody's" : "");
      truncateSync(device, bytes);
      put("/fake/blkid", holds === "Ext4" ? `${device} ${uuidOf(name)} ext4 OLD\n` : "");
      put("/fake/ocfs2", "");
    },
    flood: (name, count) => put("/fake/targets", `${name.slice(1)} san\n`.repeat(count)),
    card(nic, mac) {
      rmSync(at(`/sys/class/net/${nic}`), { recursive: true, force: true });
      if (mac === "") return;
      put(`/sys/class/net/${nic}/flags`, "0x1003\n");
      put(`/sys/class/net/${nic}/address`, `${mac}\n`);
      mkdirSync(at(`/sys/class/net/${nic}/device`));
    },
    takeDown: (nic) => put(`/sys/class/net/${nic}/flags`, "0x1002\n"),
    vblade(...words) {
      const child = spawn(
        at("/fake/bin/vblade"),
        words.map((word) => mapPaths(word, directory)),
        {
          stdio: "ignore",
          env: { PATH: programPath },
        },
      );
      spawnSync("sh", ["-c", `until [ -e ${at(`/proc/${child.pid}`)} ]; do :; done`], { timeout: 20_000 });
    },
    killVblades() {
      for (const { pid } of vblades()) {
        process.kill(pid);
        spawnSync("sh", ["-c", `while grep -qs vblade /proc/${pid}/cmdline; do :; done`], { timeout: 20_000 });
      }
    },
    vblades: () => vblades().map(({ words }) => own(words.slice(1).join(" "))),
    logicalVolume(volume, bytes, { tags = [], origin = "-" } = {}) {
      const [group = "", name = ""] = volume.split("/");
      const lvm = (tool: string, ...words: readonly string[]) =>
        execFileSync(join(fake, "bin", tool), words, { stdio: "ignore", env: { PATH: programPath } });
      lvm("lvcreate", "-n", name, "-L", `${bytes}b`, group);
      for (const tag of tags) lvm("lvchange", "--addtag", tag, volume);
      const rows = readFileSync(at("/fake/lvs"), "utf8").replace(
        new RegExp(`^(${group} ${name} .*) -$`, "m"),
        `$1 ${origin}`,
      );
      put("/fake/lvs", rows);
    },
    loseLogicalVolume: (volume) => {
      execFileSync(join(fake, "bin/lvremove"), [volume], { stdio: "ignore", env: { PATH: programPath } });
    },
    holdLogicalVolume: (volume) => put("/fake/open-volumes", `${volume}\n`),
    isBlank: (volume) => !readFileSync(at(`/dev/${volume}`)).some((byte) => byte !== 0),
    beatsElsewhere: (name) => put("/fake/beats", `${at(`/dev/etherd/${name}`)} 1\n`),
    befriend() {
      put("/fake/friends", "10.99.0.12\n");
      return "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHH";
    },
    mountedWith() {
      const [, options = ""] =
        new RegExp(`${at("/srv/xen")} (\\S+) `).exec(readFileSync(at("/proc/self/mountinfo"), "utf8")) ?? [];
      return harmfulOf(options.split(","));
    },
    aoeDevice(name, state, bytes) {
      put("/sys/module/aoe/refcnt", "0\n");
      put(`/sys/block/etherd!${name}/state`, `${state}\n`);
      put(`/sys/block/etherd!${name}/size`, `${bytes / 512}\n`);
    },
    write: (path, text) => {
      put(path, mapPaths(text, directory));
      before = treeOfDirectory(directory);
    },
    image(path, bytes) {
      put(path, "");
      truncateSync(at(path), bytes);
      before = treeOfDirectory(directory);
    },
    replace(path, bytes) {
      put(`${path}.other`, "");
      truncateSync(at(`${path}.other`), bytes);
      renameSync(at(`${path}.other`), at(path));
      before = treeOfDirectory(directory);
    },
    swapOn(path) {
      const type = path.startsWith("/dev/") ? "partition" : "file";
      put("/proc/swaps", `Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n${at(path)} ${type} 1024 0 -2\n`);
    },
    loop(path) {
      put("/sys/block/loop7/loop/backing_file", `${at(path)}\n`);
      put("/sys/block/loop7/dev", "7:7\n");
      before = treeOfDirectory(directory);
    },
    opens(path, access) {
      // Above the numbers of this machine's processes, and the last in the table: the stat of block devices judges one file.
      put("/proc/99999/comm", "qemu-nbd\n");
      put("/proc/99999/fdinfo/11", `pos:\t0\nflags:\t010000${access === "Read" ? 0 : 2}\nmnt_id:\t29\n`);
      mkdirSync(at("/proc/99999/fd"), { recursive: true });
      symlinkSync(at(path), at("/proc/99999/fd/11"));
      before = treeOfDirectory(directory);
    },
    closes() {
      rmSync(at("/proc/99999"), { recursive: true });
      before = treeOfDirectory(directory);
    },
    symlink(path, target) {
      mkdirSync(dirname(at(path)), { recursive: true });
      symlinkSync(at(target), at(path));
      before = treeOfDirectory(directory);
    },
    read: (path) => (existsSync(at(path)) ? own(readFileSync(at(path), "utf8")) : undefined),
    remove(path) {
      if (lstatSync(at(path), { throwIfNoEntry: false }) !== undefined) rmSync(at(path));
      before = treeOfDirectory(directory);
    },
  };
}

const digestOf = (text: string) => createHash("sha256").update(text).digest("hex");
