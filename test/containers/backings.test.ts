import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { deleteFile, ensureExport, ensureFile, interfaceUp, removeExport } from "../../src/host/actions.ts";
import { eventually, known, startHost, type TestHost } from "./host.ts";

const MiB = 2 ** 20;
const owner = { namespace: "san", name: "disk", uid: "44444444-dddd" };
const other = { namespace: "san", name: "other", uid: "55555555-eeee" };
const allowedBackings = ["/srv/aoe/*", "/srv/small/*", "/srv/fixed/*"];
const file = (path: string, sizeBytes = MiB) => ({ owner, path, sizeBytes, allowedBackings });

describe.each([
  { tools: "dash and coreutils", busybox: false },
  { tools: "busybox", busybox: true },
])("files on a host with $tools", ({ busybox }) => {
  let server: TestHost;
  beforeAll(async () => {
    server = await startHost({
      image: "host",
      busybox,
      tmpfs: { "/srv/small": "rw,size=1m", "/srv/fixed": "rw,size=1m" },
    });
    await server.sh("mkdir -p /srv/aoe && truncate -s 512K /srv/fixed/old.img && mount -o remount,ro /srv/fixed");
  });
  afterAll(() => server?.stop());
  const make = (path: string, sizeBytes?: number) => server.act(ensureFile(file(path, sizeBytes)));
  const remove = (path: string, by = owner) => server.act(deleteFile({ owner: by, path, allowedBackings }));

  it("are made, grown, and never shrunk", async () => {
    expect(await make("/srv/aoe/a.img", 4 * MiB)).toEqual({ kind: "done", detail: "created" });
    await server.sh("printf precious | dd of=/srv/aoe/a.img bs=1 seek=4194000 conv=notrunc");
    expect(await make("/srv/aoe/a.img", 8 * MiB)).toEqual({ kind: "done", detail: "grown" });
    expect(await make("/srv/aoe/a.img", 2 * MiB)).toEqual({ kind: "done", detail: "unchanged" });
    expect(
      await server.sh("stat -c %s /srv/aoe/a.img; dd if=/srv/aoe/a.img bs=1 skip=4194000 count=8 2>/dev/null"),
    ).toBe("8388608\nprecious");
  });

  it("are adopted when they exist, and then not deleted", async () => {
    await server.sh("truncate -s 3M /srv/aoe/found.img");
    expect(await make("/srv/aoe/found.img")).toEqual({ kind: "done", detail: "unchanged" });
    expect(await remove("/srv/aoe/found.img")).toMatchObject({ kind: "refused", reason: "NotOurs" });
  });

  it("are refused on a full and on a read-only file system, and in a directory that is not there", async () => {
    expect(await make("/srv/small/big.img", 64 * MiB)).toMatchObject({ kind: "refused", reason: "NoSpace" });
    expect(await make("/srv/fixed/a.img")).toMatchObject({ kind: "refused", reason: "ReadOnlyFileSystem" });
    expect(await make("/srv/fixed/old.img", 640 * 1024)).toMatchObject({
      kind: "refused",
      reason: "ReadOnlyFileSystem",
    });
    expect(await make("/srv/none/a.img")).toMatchObject({ kind: "refused", reason: "BackingMissing" });
    expect(await server.sh("ls -A /srv/small /srv/fixed")).toBe("/srv/fixed:\nold.img\n\n/srv/small:\n");
  });

  it("are made all the same after a crash in the middle of it", async () => {
    await server.sh("head -c 1000 /dev/urandom >/srv/aoe/half.img.xensan-new");
    expect(await make("/srv/aoe/half.img")).toEqual({ kind: "done", detail: "created" });
    expect(await server.sh("ls /srv/aoe | grep half; stat -c %s /srv/aoe/half.img")).toBe("half.img\n1048576\n");
  });

  it("never have the working name of another, which would be taken for a crash's leftover", async () => {
    for (const name of ["/srv/aoe/half.img.xensan-new", "/srv/aoe/half.img.xensan-deleted"])
      expect(await make(name)).toMatchObject({ kind: "refused", reason: "BackingNotUsable" });
  });

  it("outside the bounds cost nobody a file beside them", async () => {
    await server.sh("mkdir -p /srv/else && touch /srv/else/a.img /srv/else/a.img.xensan-new");
    expect(await make("/srv/else/a.img")).toMatchObject({ kind: "refused", reason: "BackingOutsideBounds" });
    expect(await server.sh("ls /srv/else")).toBe("a.img\na.img.xensan-new\n");
  });

  it("are deleted only for their owner, only the very file that was made, and once", async () => {
    await make("/srv/aoe/mine.img");
    await make("/srv/aoe/replaced.img");
    await server.sh(
      "cp --sparse=always /srv/aoe/replaced.img /srv/aoe/x 2>/dev/null || cp /srv/aoe/replaced.img /srv/aoe/x; mv /srv/aoe/x /srv/aoe/replaced.img",
    );
    expect(await remove("/srv/aoe/replaced.img")).toMatchObject({ kind: "refused", reason: "NotOurs" });
    expect(await remove("/srv/aoe/mine.img", other)).toMatchObject({ kind: "refused", reason: "NotOurs" });
    expect(await remove("/srv/aoe/mine.img")).toEqual({ kind: "done", detail: "deleted" });
    expect(await remove("/srv/aoe/mine.img")).toEqual({ kind: "done", detail: "absent" });
    expect(await server.sh("ls /srv/aoe/replaced.img")).toBe("/srv/aoe/replaced.img\n");
  });

  it("are not deleted while a vblade serves them", async () => {
    await make("/srv/aoe/served.img");
    const address = { owner, shelf: 2, slot: 1, interface: "eth0", interfaces: [{ name: "eth0", segment: "rack" }] };
    const request = {
      ...address,
      backing: "/srv/aoe/served.img",
      options: [],
      restart: "Forbidden",
      allowedBackings,
    } as const;
    expect(await server.act(ensureExport(request))).toMatchObject({ kind: "done" });
    expect(await remove("/srv/aoe/served.img")).toMatchObject({ kind: "refused", reason: "StillExported" });
    expect(await server.act(removeExport(address))).toEqual({ kind: "done", detail: "removed" });
    expect(await remove("/srv/aoe/served.img")).toEqual({ kind: "done", detail: "deleted" });
  });

  it("are made once when two ask at the same time", async () => {
    const outcomes = await Promise.all([
      make("/srv/aoe/race.img"),
      make("/srv/aoe/race.img"),
      make("/srv/aoe/race.img"),
    ]);
    expect(outcomes.map((outcome) => (outcome.kind === "done" ? outcome.detail : outcome)).sort()).toEqual([
      "created",
      "unchanged",
      "unchanged",
    ]);
  });

  it("an interface that is down is switched on, now and at the next boot", async () => {
    await server.sh("ip link add san0 type veth peer name san1");
    expect(await server.act(interfaceUp("san0"))).toEqual({ kind: "done", detail: "up" });
    expect(await server.act(interfaceUp("san0"))).toEqual({ kind: "done", detail: "unchanged" });
    await server.sh("ip link set san0 down");
    expect(await server.act(interfaceUp("san0"))).toEqual({ kind: "done", detail: "up" });
    expect(known((await server.probe()).interfaces).find(({ name }) => name === "san0")).toMatchObject({
      adminUp: true,
    });
    expect(await server.act(interfaceUp("san9"))).toMatchObject({ kind: "refused", reason: "InterfaceMissing" });
    expect((await server.sh("systemctl is-enabled xensan-interface@san0")).trim()).toBe("enabled");
    await server.sh("ip link set san0 down; systemctl restart xensan-interface@san0");
    await eventually(
      "its unit switches the interface on",
      async () => (await server.sh("cat /sys/class/net/san0/flags")).trim() === "0x1003",
    );
  });
});
