import { beforeEach, expect, it } from "vitest";
import { deleteFile, ensureFile, probe } from "../../../src/host/actions.ts";
import { twins } from "./bench.ts";

const owner = { namespace: "san", name: "data", uid: "0a1b" };
const other = { namespace: "san", name: "other", uid: "0c2d" };
const allowedBackings = ["/srv/aoe/*"];
const path = "/srv/aoe/data.img";
const mib = 2 ** 20;

twins(
  ["ensure-file", "delete-file"],
  "a volume's file",
  (host) => {
    beforeEach(() => host.write("/srv/aoe/README", "ours\n"));
    const ensure = (sizeBytes: number, at = path, globs = allowedBackings) =>
      host.act(ensureFile({ owner, path: at, allowedBackings: globs, sizeBytes }));
    const remove = (whose = owner, at = path) => host.act(deleteFile({ owner: whose, path: at, allowedBackings }));

    it("is made, grows, never shrinks, and goes with its owner only", async () => {
      expect(await ensure(8 * mib)).toEqual({ kind: "done", detail: "created" });
      expect(await ensure(8 * mib)).toEqual({ kind: "done", detail: "unchanged" });
      expect(await ensure(16 * mib)).toEqual({ kind: "done", detail: "grown" });
      expect(await ensure(8 * mib)).toEqual({ kind: "done", detail: "unchanged" });
      expect(await remove(other)).toMatchObject({ kind: "refused", reason: "NotOurs" });
      expect(await remove()).toEqual({ kind: "done", detail: "deleted" });
      expect(await remove()).toEqual({ kind: "done", detail: "absent" });
    });

    it("is told with its owner to those that ask for it, and no record of another one", async () => {
      const look = (...backings: string[]) =>
        host.look(probe({ roles: ["Server"], segments: [], backings }), ["backings owned"]);
      await ensure(mib);
      await ensure(mib, "/srv/aoe/other.img");
      host.write("/var/lib/xensan/backings/0e1f.1", `${path}\n1 0\nsan/before 0e1f\nfile:ext4:1:0\n`);
      expect(await look(path, "/srv/aoe/none.img")).toMatch(/^backings\towned\t\S+data\.img\t\d+\tsan\/data 0a1b\n$/);
      host.symlink("/srv/aoe/link.img", path);
      expect(await look("/srv/aoe/link.img", path)).toMatch(/^backings\towned\t\S+data\.img\t\d+\tsan\/data 0a1b\n$/);
      expect(await look()).toBe("");
    });

    it("of somebody else may serve, and is never deleted", async () => {
      host.image(path, 4 * mib);
      expect(await ensure(4 * mib)).toEqual({ kind: "done", detail: "unchanged" });
      expect(await remove()).toMatchObject({ kind: "refused", reason: "NotOurs" });
    });

    it.each<[string, string, readonly string[], string]>([
      ["outside the bounds", "/srv/else/data.img", ["/srv/aoe/*"], "BackingMissing"],
      ["in a directory below them", "/srv/aoe/data.img", ["/srv/other/*"], "BackingOutsideBounds"],
      ["under the system", "/etc/data.img", ["/etc/*"], "BackingNotUsable"],
      ["that is a draft's", "/srv/aoe/a.xensan-new", ["/srv/aoe/*"], "BackingNotUsable"],
    ])("is not made %s", async (_where, at, globs, reason) => {
      expect(await ensure(mib, at, [...globs])).toMatchObject({ kind: "refused", reason });
    });

    it("is not reached through a link that leaves the bounds", async () => {
      host.write("/etc/shadow", "root\n");
      host.symlink("/srv/aoe/out.img", "/etc/shadow");
      expect(await ensure(mib, "/srv/aoe/out.img")).toMatchObject({ kind: "refused", reason: "BackingOutsideBounds" });
      expect(await remove(owner, "/srv/aoe/out.img")).toMatchObject({ kind: "refused", reason: "NotOurs" });
    });

    it.each([
      ["is swap", "swapOn", "is used as swap"],
      ["is behind a loop device", "loop", "is used by the loop device loop7"],
    ] as const)("of somebody else does not serve while it %s", async (_what, use, why) => {
      host.image(path, 4 * mib);
      host.image("/srv/aoe/other.img", 4 * mib);
      host[use](path);
      expect(await ensure(4 * mib)).toEqual({ kind: "refused", reason: "BackingInUse", message: `${path} ${why}` });
      expect(await ensure(4 * mib, "/srv/aoe/other.img")).toEqual({ kind: "done", detail: "unchanged" });
    });

    it("that is ours is not deleted while a loop device uses it", async () => {
      expect(await ensure(4 * mib)).toEqual({ kind: "done", detail: "created" });
      host.loop(path);
      expect(await remove()).toMatchObject({ kind: "refused", reason: "BackingInUse" });
    });

    it("that is ours is not deleted while a loop device uses it under another name", async () => {
      expect(await ensure(4 * mib)).toEqual({ kind: "done", detail: "created" });
      host.symlink("/mnt/iso.img", path);
      host.loop("/mnt/iso.img");
      expect(await remove()).toMatchObject({ kind: "refused", reason: "BackingInUse" });
    });

    it("that is ours is not deleted while a program writes to it under another name", async () => {
      expect(await ensure(4 * mib)).toEqual({ kind: "done", detail: "created" });
      host.symlink("/mnt/iso.img", path);
      host.opens("/mnt/iso.img", "ReadWrite");
      const message = `${path} is open for writing by process 99999 qemu-nbd`;
      expect(await remove()).toEqual({ kind: "refused", reason: "BackingInUse", message });
      host.closes();
      expect(await remove()).toEqual({ kind: "done", detail: "deleted" });
    });

    it("needs room", async () => {
      expect(await ensure(2 ** 51)).toMatchObject({ kind: "refused", reason: "NoSpace" });
    });
  },
  { host: "san", shared: "NotMounted", toolstack: "none" },
);
