import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ExportRequest, ensureExport, ensureFile, removeExport } from "../../src/host/actions.ts";
import type { Fact, HostFacts } from "../../src/host/facts.ts";
import { outcomeOf } from "../../src/host/outcome.ts";
import { loadScript } from "../../src/host/scripts.ts";
import { known, startHost, type TestHost } from "./host.ts";

const owner = { namespace: "san", name: "tenant", uid: "33333333-cccc" };
const text = "san/tenant 33333333-cccc";
const request: ExportRequest = {
  owner,
  shelf: 1,
  slot: 1,
  interface: "eth0",
  interfaces: [{ name: "eth0", segment: "rack" }],
  backing: "/srv/aoe/a.img",
  options: [],
  restart: "Forbidden",
  allowedBackings: ["/srv/aoe/*"],
};

let server: TestHost;
/** Loop devices of the machine that runs the container: released at the end. */
const loops: string[] = [];
beforeAll(async () => {
  server = await startHost({ image: "host" });
  await server.sh(`
    mkdir -p /srv/aoe /srv/secret /dev/disk/by-id /dev/disk/by-label
    truncate -s 1M /srv/aoe/a.img /srv/secret/b.img
    [ -e /dev/loop-control ] || mknod /dev/loop-control c 10 237
    for i in $(seq 0 63); do [ -e /dev/loop$i ] || mknod /dev/loop$i b 7 $i; done`);
});
afterAll(async () => {
  for (const loop of loops.reverse()) await server.try(`umount ${loop}; swapoff ${loop}; losetup -d ${loop}`);
  await server?.stop();
});

const act = (changes: Partial<ExportRequest> = {}) => server.act(ensureExport({ ...request, ...changes }));
const refusal = (reason: string, message?: string) => ({
  kind: "refused",
  reason,
  message: message === undefined ? expect.any(String) : expect.stringContaining(message),
});
const loopOf = async (file: string, size = "64M") => {
  await server.sh(`mkdir -p /srv/disks && truncate -s ${size} /srv/disks/${file}`);
  const loop = (await server.sh(`losetup -f --show -P /srv/disks/${file} 2>/dev/null`)).trim();
  loops.push(loop);
  return loop;
};
const exportsOf = (facts: HostFacts): HostFacts["exports"] extends Fact<infer T> ? T : never => known(facts.exports);
/** What the script itself does with arguments that no builder would give it. */
const past = async (backing: string, globs: string[], options = "") => {
  const args = [text, "1", "1", "eth0", backing, options, "forbidden", "-", "-", "eth0=default", ...globs];
  const command = { script: loadScript("ensure-export"), args, timeoutSeconds: 30, ensures: "" };
  return outcomeOf(await server.run(command));
};

describe("a file outside of the bounds", () => {
  it("is refused when asked for by its name", async () => {
    expect(await act({ backing: "/srv/secret/b.img" })).toEqual(
      refusal("BackingOutsideBounds", "is not in allowedBackings"),
    );
    expect(await act({ backing: "/etc/passwd" })).toEqual(refusal("BackingOutsideBounds"));
  });

  it("is refused by way of .., of empty parts and of a path that is not absolute", async () => {
    for (const backing of [
      "/srv/aoe/../secret/b.img",
      "/srv/aoe/./a.img",
      "/srv/aoe//a.img",
      "srv/aoe/a.img",
      "/srv/aoe/..",
    ]) {
      expect(() => ensureExport({ ...request, backing })).toThrow(/path is/);
      expect(await past(backing, ["/srv/aoe/*", "/srv/aoe/*/*/*"])).toEqual(refusal("InvalidArgument"));
    }
  });

  it("is refused behind a symbolic link, of the file or of a directory on the way", async () => {
    await server.sh(
      "ln -sf /srv/secret/b.img /srv/aoe/link.img; mkdir -p /srv/aoe/x; ln -sfn /srv/secret /srv/aoe/x/dir",
    );
    expect(await act({ backing: "/srv/aoe/link.img" })).toEqual(
      refusal("BackingOutsideBounds", "resolves to /srv/secret/b.img"),
    );
    expect(await act({ backing: "/srv/aoe/x/dir/b.img", allowedBackings: ["/srv/aoe/*/*/*"] })).toEqual(
      refusal("BackingOutsideBounds", "resolves to /srv/secret/b.img"),
    );
  });

  it("is refused where * would have to cross a directory", async () => {
    await server.sh("mkdir -p /srv/aoe/deep && truncate -s 1M /srv/aoe/deep/c.img");
    expect(await act({ backing: "/srv/aoe/deep/c.img" })).toEqual(refusal("BackingOutsideBounds"));
  });

  it("is refused behind a bind mount, of the directory, of the file and of the whole root", async () => {
    await server.sh(`
      mkdir -p /srv/aoe/bound /srv/aoe/root && mount --bind /srv/secret /srv/aoe/bound && mount --bind / /srv/aoe/root
      truncate -s 1M /srv/aoe/target.img && mount --bind /srv/secret/b.img /srv/aoe/target.img`);
    const allowedBackings = ["/srv/aoe/*", "/srv/aoe/*/*", "/srv/aoe/root/srv/secret/*"];
    for (const backing of ["/srv/aoe/bound/b.img", "/srv/aoe/target.img", "/srv/aoe/root/srv/secret/b.img"]) {
      expect(await act({ backing, allowedBackings })).toEqual(refusal("BackingOutsideBounds", "a bind mount"));
    }
    await server.sh("umount /srv/aoe/bound /srv/aoe/root /srv/aoe/target.img");
  });

  it("is refused as a hard link", async () => {
    await server.sh("ln /srv/secret/b.img /srv/aoe/hard.img");
    expect(await act({ backing: "/srv/aoe/hard.img" })).toEqual(refusal("BackingNotUsable", "2 hard links"));
    await server.sh("rm /srv/aoe/hard.img");
  });

  it("is refused through /proc, even when the globs are careless", async () => {
    for (const backing of ["/proc/self/root/srv/secret/b.img", "/proc/1/root/srv/secret/b.img"]) {
      expect(await act({ backing, allowedBackings: ["/proc/*/root/srv/*/*", "/srv/aoe/*"] })).toEqual(
        refusal("BackingOutsideBounds"),
      );
    }
  });

  it("is refused in directories of the system, even when it is listed", async () => {
    expect(await act({ backing: "/etc/passwd", allowedBackings: ["/etc/*"] })).toEqual(
      refusal("BackingNotUsable", "directory of the system"),
    );
  });

  it("is not created through a linked directory, and nothing is left there", async () => {
    const command = ensureFile({
      owner,
      path: "/srv/aoe/x/dir/new.img",
      sizeBytes: 2 ** 20,
      allowedBackings: ["/srv/aoe/*/*/*"],
    });
    expect(await server.act(command)).toEqual(refusal("BackingOutsideBounds", "resolves to /srv/secret/new.img"));
    expect((await server.sh("ls /srv/secret")).split("\n").filter(Boolean)).toEqual(["b.img"]);
  });

  it("is not served when it takes the place of an allowed one at the last moment", async () => {
    await server.sh(`
      truncate -s 1M /srv/aoe/swap.img /srv/secret/evil.img
      printf '#!/bin/sh\\n[ "$1" != restart ] || mv /srv/secret/evil.img /srv/aoe/swap.img\\nexec /usr/bin/systemctl "$@"\\n' >/usr/local/sbin/systemctl
      chmod +x /usr/local/sbin/systemctl`);
    expect(await act({ backing: "/srv/aoe/swap.img" })).toEqual(refusal("BackingChanged"));
    await server.sh("rm /usr/local/sbin/systemctl");
    expect(exportsOf(await server.probe()).map(({ pid }) => pid)).toEqual([undefined]);
    await server.act(removeExport({ owner, shelf: 1, slot: 1, interface: "eth0" }));
  });
});

describe("a file that is replaced under a running vblade", () => {
  it("is reported; the process that a client may be using goes on", async () => {
    expect(await act()).toMatchObject({ kind: "done" });
    const before = await server.sh("pidof vblade");
    await server.sh("cp /srv/aoe/a.img /srv/aoe/copy && mv /srv/aoe/copy /srv/aoe/a.img");
    expect(await act()).toEqual(refusal("BackingChanged", "is recorded as serving file:"));
    expect(await server.sh("pidof vblade")).toBe(before);
    await server.act(removeExport({ owner, shelf: 1, slot: 1, interface: "eth0" }));
  });
});

describe("a block device", () => {
  it("is served inside of the bounds, and its disk and its partitions then belong to that export", async () => {
    const disk = await loopOf("parted");
    await server.sh(`printf 'size=16M\\nsize=16M\\n' | sfdisk -q ${disk}; partx -u ${disk} || partx -a ${disk}`);
    const [part, second] = [`${disk}p1`, `${disk}p2`];
    for (const node of [part, second]) {
      await server.sh(`[ -e ${node} ] || mknod ${node} b $(tr : ' ' </sys/class/block/${node.slice(5)}/dev)`);
    }
    const allowedBackings = ["/dev/loop*"];
    expect(await act({ backing: part, allowedBackings })).toMatchObject({ kind: "done" });
    expect(await act({ slot: 2, backing: disk, allowedBackings })).toEqual(refusal("BackingExported"));
    expect(await act({ slot: 2, backing: second, allowedBackings })).toMatchObject({ kind: "done" });
    for (const slot of [1, 2]) await server.act(removeExport({ owner, shelf: 1, slot, interface: "eth0" }));
    expect(await act({ backing: disk, allowedBackings })).toMatchObject({ kind: "done" });
    expect(await act({ slot: 2, backing: part, allowedBackings })).toEqual(refusal("BackingExported"));
    await server.act(removeExport({ owner, shelf: 1, slot: 1, interface: "eth0" }));
    await server.sh(`mkfs.ext4 -q ${part} && mkdir -p /mnt/part && mount ${part} /mnt/part`);
    expect(await act({ backing: disk, allowedBackings })).toEqual(refusal("BackingInUse", "is mounted on /mnt/part"));
    await server.sh("umount /mnt/part");
  });

  it("is refused outside of the bounds: by name, by link, and by a device node of one's own", async () => {
    const loop = await loopOf("outside");
    await server.sh(
      `ln -sf ${loop} /srv/aoe/disk; rm -f /srv/aoe/node; mknod /srv/aoe/node b 7 ${loop.replace("/dev/loop", "")}`,
    );
    for (const backing of [loop, "/srv/aoe/disk", "/srv/aoe/node"]) {
      expect(await act({ backing })).toEqual(refusal("BackingOutsideBounds"));
    }
  });

  it("is allowed by a name that stands for hardware, not by one that the content of a disk can forge", async () => {
    const loop = await loopOf("named");
    await server.sh(`ln -sf ${loop} /dev/disk/by-id/scsi-1; ln -sf ${loop} /dev/disk/by-label/data`);
    expect(await act({ backing: "/dev/disk/by-label/data", allowedBackings: ["/dev/disk/by-label/*"] })).toEqual(
      refusal("BackingOutsideBounds"),
    );
    expect(await act({ backing: "/dev/disk/by-id/scsi-1", allowedBackings: [loop] })).toEqual(
      refusal("BackingOutsideBounds"),
    );
    expect(await act({ backing: "/dev/disk/by-id/scsi-1", allowedBackings: ["/dev/disk/by-id/scsi-*"] })).toMatchObject(
      { kind: "done" },
    );
    expect(exportsOf(await server.probe())).toMatchObject([{ backing: "/dev/disk/by-id/scsi-1" }]);
    await server.act(removeExport({ owner, shelf: 1, slot: 1, interface: "eth0" }));
  });

  it("is refused while it is mounted, swap, or below another device", async () => {
    const [mounted, swap, below] = [await loopOf("mounted"), await loopOf("swap"), await loopOf("below")];
    await server.sh(`
      mkfs.ext4 -q ${mounted} && mkdir -p /mnt/m && mount ${mounted} /mnt/m
      mkswap -q ${swap} && swapon ${swap}`);
    const above = (await server.sh(`losetup -f --show ${below}`)).trim();
    loops.push(above);
    const allowedBackings = ["/dev/loop*"];
    expect(await act({ backing: mounted, allowedBackings })).toEqual(refusal("BackingInUse", "mounted on /mnt/m"));
    expect(await act({ backing: swap, allowedBackings })).toEqual(refusal("BackingInUse", "used as swap"));
    expect(await act({ backing: below, allowedBackings })).toEqual(refusal("BackingInUse", "used by a loop device"));
    await server.sh(`umount /mnt/m; swapoff ${swap}; losetup -d ${above}`);
  });

  it("is refused as a physical volume of LVM, active or not, unless it is listed by its exact name", async () => {
    const pv = await loopOf("pv");
    await server.sh(`printf 'LABELONE........ .......LVM2 001' | dd of=${pv} bs=512 seek=1 conv=notrunc 2>/dev/null`);
    expect(await act({ backing: pv, allowedBackings: ["/dev/loop*"] })).toEqual(refusal("BackingInUse", "LVM2_member"));
    expect(await act({ backing: pv, allowedBackings: ["/dev/loop*", pv] })).toMatchObject({ kind: "done" });
    // Its client may have made it a physical volume.
    expect(await act({ backing: pv, allowedBackings: ["/dev/loop*"] })).toMatchObject({ kind: "done" });
    await server.act(removeExport({ owner, shelf: 1, slot: 1, interface: "eth0" }));
  });

  it("is served from a file that has no name any more", async () => {
    const loop = await loopOf("removed.img");
    await server.sh("rm /srv/disks/removed.img");
    expect(await act({ backing: loop, allowedBackings: ["/dev/loop*"] })).toMatchObject({ kind: "done" });
    await server.act(removeExport({ owner, shelf: 1, slot: 1, interface: "eth0" }));
  });

  it("is refused when it has no size", async () => {
    // Of an empty file, so that no other container's is found: all containers share the loop devices.
    const empty = await loopOf("empty.img", "0");
    expect(await act({ backing: empty, allowedBackings: ["/dev/loop*"] })).toEqual(refusal("BackingEmpty"));
  });
});

describe("a file that is no disk", () => {
  it("is refused: empty, behind a loop device, swap, directory, pipe, missing, dangling link", async () => {
    await loopOf("../aoe/looped.img");
    await server.sh(`
      : >/srv/aoe/empty.img; mkdir -p /srv/aoe/directory; mkfifo /srv/aoe/pipe; ln -sf /nowhere /srv/aoe/dangling`);
    const expected = {
      "empty.img": refusal("BackingEmpty"),
      "looped.img": refusal("BackingInUse", "used by the loop device"),
      directory: refusal("BackingNotUsable"),
      pipe: refusal("BackingNotUsable"),
      missing: refusal("BackingMissing"),
      dangling: refusal("BackingMissing", "is a dangling symbolic link"),
    };
    for (const [name, outcome] of Object.entries(expected)) {
      expect([name, await act({ backing: `/srv/aoe/${name}` })]).toEqual([name, outcome]);
    }
  });

  it("is refused with characters that a configuration file would read as something else", async () => {
    await server.sh(`truncate -s 1M '/srv/aoe/a b.img' '/srv/aoe/$(id).img'`);
    for (const backing of [
      "/srv/aoe/a b.img",
      "/srv/aoe/$(id).img",
      "/srv/aoe/a'b",
      '/srv/aoe/"',
      "/srv/aoe/a\nb",
      "/srv/aoe/a\\b",
    ]) {
      expect(() => ensureExport({ ...request, backing })).toThrow(/path is/);
      expect(await past(backing, ["/srv/aoe/*"])).toEqual(refusal("InvalidArgument"));
    }
    expect(await past("/srv/aoe/a.img", ["/srv/aoe/*"], "-r; reboot")).toEqual(refusal("InvalidArgument"));
  });
});
