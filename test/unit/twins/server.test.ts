import { describe, expect, it } from "vitest";
import {
  deleteLogicalVolume,
  type ExportRequest,
  ensureExport,
  ensureLogicalVolume,
  installPackages,
  interfaceUp,
  removeExport,
} from "../../../src/host/actions.ts";
import { twins } from "./bench.ts";

const owner = { namespace: "san", name: "data", uid: "0a1b" };
const serve = (change: Partial<ExportRequest> = {}) =>
  ensureExport({
    owner,
    shelf: 0,
    slot: 1,
    interface: "eth1",
    interfaces: ["eth1", "eth9"].map((name) => ({ name, segment: "san" })),
    backing: "/srv/aoe/data.img",
    options: [],
    restart: "Forbidden",
    allowedBackings: ["/srv/aoe/*", "/dev/vd*"],
    ...change,
  });
const volume = { owner, volumeGroup: "san", name: "data", allowedBackings: ["other/*"] };

twins(
  [
    "install-packages",
    "interface-up",
    "ensure-export",
    "remove-export",
    "ensure-logical-volume",
    "delete-logical-volume",
  ],
  "a bare server",
  (host) => {
    it("says which package is missing, and which cannot be had", async () => {
      expect(await host.act(serve())).toMatchObject({ kind: "refused", reason: "ToolMissing" });
      const ensure = ensureLogicalVolume({ ...volume, sizeBytes: 2 ** 20 });
      expect(await host.act(ensure)).toMatchObject({ kind: "refused", reason: "ToolMissing" });
      expect(await host.act(deleteLogicalVolume(volume))).toMatchObject({ kind: "refused", reason: "ToolMissing" });
      const install = installPackages(["no-such-package"]);
      expect(await host.act(install)).toMatchObject({ kind: "refused", reason: "PackagesUnavailable" });
    });

    it("has its interfaces up, and no other ones", async () => {
      expect(await host.act(interfaceUp("eth1"))).toEqual({ kind: "done", detail: "unchanged" });
      expect(await host.act(interfaceUp("eth9"))).toMatchObject({ kind: "refused", reason: "InterfaceMissing" });
    });

    it("serves nothing that could be taken away", async () => {
      const remove = removeExport({ owner, shelf: 0, slot: 1, interface: "eth1" });
      expect(await host.act(remove)).toEqual({ kind: "done", detail: "absent" });
    });
  },
  { host: "san", shared: "NotMounted", toolstack: "none" },
);

twins(
  ["install-packages", "ensure-export", "ensure-logical-volume", "delete-logical-volume"],
  "a server with its packages",
  (host) => {
    it("keeps them", async () => {
      expect(await host.act(installPackages(["vblade"]))).toEqual({ kind: "done", detail: "unchanged" });
    });

    it.each<[string, Partial<ExportRequest>, string]>([
      ["over an interface that is not there", { interface: "eth9" }, "InterfaceMissing"],
      ["that is not there", {}, "BackingMissing"],
      ["outside the bounds", { backing: "/etc/shadow" }, "BackingOutsideBounds"],
      ["of the system", { backing: "/etc/shadow", allowedBackings: ["/etc/*"] }, "BackingNotUsable"],
      ["that is empty", { backing: "/srv/aoe/empty.img" }, "BackingEmpty"],
      ["that is a directory", { backing: "/srv/aoe/dir" }, "BackingNotUsable"],
      ["that LVM has marked as its own", { backing: "/dev/vdc" }, "BackingInUse"],
    ])("serves nothing %s", async (_what, change, reason) => {
      host.write("/etc/shadow", "root:*:19000:0:99999:7:::\n".repeat(40));
      host.write("/srv/aoe/dir/README", "ours\n");
      host.image("/srv/aoe/empty.img", 0);
      expect(await host.act(serve(change))).toMatchObject({ kind: "refused", reason });
    });

    it.each([
      [
        "/etc/rc.local",
        "#!/bin/sh\n# vbladed 0 1 eth1 /srv/aoe/old.img\nvbladed -b 16 0 1 eth1 /srv/aoe/data.img\nexit 0\n",
      ],
      ["/etc/cron.d/aoe", "@reboot root /usr/sbin/vblade -r 0 01 eth1 /srv/aoe/data.img &\n"],
    ])("does not share an address with a vblade that %s starts at boot", async (file, text) => {
      host.image("/srv/aoe/data.img", 2 ** 20);
      host.write(file, text);
      const why = `${file} also starts a vblade for e0.1: remove that line and leave the vblade running`;
      expect(await host.act(serve())).toMatchObject({ kind: "refused", reason: "AddressTaken", message: why });
    });

    it("makes and deletes volumes within the bounds only", async () => {
      const ensure = ensureLogicalVolume({ ...volume, sizeBytes: 2 ** 20 });
      expect(await host.act(ensure)).toMatchObject({ kind: "refused", reason: "BackingOutsideBounds" });
      expect(await host.act(deleteLogicalVolume(volume))).toMatchObject({
        kind: "refused",
        reason: "BackingOutsideBounds",
      });
    });
  },
  { host: "san", shared: "NotMounted", toolstack: "none", packages: ["vblade", "lvm2"] },
);

twins(
  ["ensure-logical-volume", "delete-logical-volume"],
  "a volume group",
  (host) => {
    const MiB = 2 ** 20;
    const own = { owner, volumeGroup: "san", name: "data", allowedBackings: ["san/*"] };
    const ensure = (mebibytes: number, change: Partial<Parameters<typeof ensureLogicalVolume>[0]> = {}) =>
      host.act(ensureLogicalVolume({ ...own, sizeBytes: mebibytes * MiB, ...change }));
    const remove = (change: Partial<typeof own> = {}) => host.act(deleteLogicalVolume({ ...own, ...change }));
    const done = (detail: string) => ({ kind: "done", detail });
    const refused = (reason: string, message: string) => ({ kind: "refused", reason, message });
    const other = { namespace: "san", name: "other", uid: "0c2d" };

    it("has a volume made, filled with zeroes, grown in whole extents, and removed", async () => {
      expect(await ensure(5)).toEqual(done("created"));
      expect(host.isBlank("san/data")).toBe(true);
      expect(await ensure(8)).toEqual(done("unchanged"));
      expect(await ensure(9)).toEqual(done("grown"));
      expect(host.isBlank("san/data")).toBe(true);
      expect(await ensure(12)).toEqual(done("unchanged"));
      expect(await ensure(4)).toEqual(done("unchanged"));
      expect(await remove()).toEqual(done("deleted"));
      expect(await remove()).toEqual(done("absent"));
      expect(await ensure(4)).toEqual(done("created"));
    });

    it("is not there, or has no room", async () => {
      const nowhere = { volumeGroup: "nas", allowedBackings: ["nas/*"] };
      expect(await ensure(4, nowhere)).toEqual(refused("VolumeGroupMissing", "no volume group nas"));
      expect(await remove(nowhere)).toEqual(done("absent"));
      expect(await ensure(8 * 1024)).toEqual(
        refused("NoSpace", `san/data needs ${8 * 2 ** 30} bytes more and san has ${8 * 2 ** 30 - 4 * MiB} free`),
      );
    });

    it("keeps what somebody else made", async () => {
      host.logicalVolume("san/data", 8 * MiB);
      expect(await ensure(8)).toEqual(done("unchanged"));
      expect(await remove()).toEqual(refused("NotOurs", "san/data was not created for san/data 0a1b"));
      host.logicalVolume("san/web.xensan-new", 8 * MiB, { tags: ["xensan:san/other:0c2d"] });
      expect(await ensure(8, { name: "web" })).toEqual(
        refused("NotOurs", "san/web.xensan-new exists already and was not created for san/data 0a1b"),
      );
      expect(host.isBlank("san/data")).toBe(false);
    });

    it("keeps a volume that somebody holds open", async () => {
      expect(await ensure(4)).toEqual(done("created"));
      host.holdLogicalVolume("san/data");
      expect(await remove()).toEqual(refused("BackingInUse", "san/data still exists: it is open"));
      expect(await ensure(4)).toEqual(done("unchanged"));
    });

    it("has a volume of ours that nothing records", async () => {
      host.logicalVolume("san/data", 8 * MiB, { tags: ["xensan:san/data:0a1b"] });
      expect(await ensure(8)).toEqual(done("unchanged"));
      expect(await remove({ owner: other })).toEqual(refused("NotOurs", "san/data was not created for san/other 0c2d"));
      expect(await remove()).toEqual(done("deleted"));
    });

    it("has what an earlier try left of one", async () => {
      const tags = ["xensan:san/data:0a1b"];
      host.logicalVolume("san/data.xensan-new", 4 * MiB, { tags });
      expect(await ensure(8)).toEqual(done("created"));
      expect(host.isBlank("san/data")).toBe(true);
      host.logicalVolume("san/data.xensan-new", 4 * MiB, { tags });
      expect(await remove()).toEqual(done("deleted"));
      host.logicalVolume("san/data.xensan-new", 4 * MiB, { tags });
      expect(await remove()).toEqual(done("deleted"));
      expect(await remove()).toEqual(done("absent"));
    });

    it("gives the room of an earlier try to the next one", async () => {
      host.logicalVolume("san/data.xensan-new", 4 * MiB, { tags: ["xensan:san/data:0a1b"] });
      host.logicalVolume("san/web", 8 * 2 ** 30 - 12 * MiB);
      expect(await ensure(8)).toEqual(done("created"));
      expect(await ensure(12)).toEqual(refused("NoSpace", `san/data needs ${4 * MiB} bytes more and san has 0 free`));
    });

    it("makes nothing in the place of a volume that is gone, until a person gives that up", async () => {
      expect(await ensure(4)).toEqual(done("created"));
      const lost = /recorded as (\S+) and /;
      host.loseLogicalVolume("san/data");
      const outcome = await ensure(4);
      expect(outcome).toMatchObject({
        kind: "refused",
        reason: "BackingMissing",
        message: expect.stringMatching(/^san\/data is missing; it was recorded as dm:LVM-\w+ and is not recreated$/),
      });
      const [, replaces = ""] = lost.exec("message" in outcome ? outcome.message : "") ?? [];
      host.logicalVolume("san/data", 4 * MiB);
      expect(await ensure(4)).toMatchObject({
        kind: "refused",
        reason: "BackingChanged",
        message: expect.stringMatching(/^san\/data is now dm:LVM-\w+, but was recorded as dm:LVM-\w+$/),
      });
      host.loseLogicalVolume("san/data");
      expect(await ensure(4, { replaces })).toEqual(done("created"));
      expect(await ensure(4)).toEqual(done("unchanged"));
    });

    it("keeps a volume that has snapshots", async () => {
      expect(await ensure(4)).toEqual(done("created"));
      host.logicalVolume("san/monday", 4 * MiB, { origin: "data" });
      host.logicalVolume("san/tuesday", 4 * MiB, { origin: "data" });
      expect(await remove()).toEqual(
        refused("SnapshotsExist", "san/data has the snapshots monday tuesday, which would be deleted with it"),
      );
    });
  },
  { host: "san", shared: "NotMounted", toolstack: "none", packages: ["vblade", "lvm2"], time: "Real" },
);

twins(
  ["ensure-export", "remove-export", "ensure-logical-volume"],
  "an export",
  (host) => {
    const MiB = 2 ** 20;
    const image = "/srv/aoe/data.img";
    const conf = "/etc/vblade.conf.d/e0.1.conf";
    const done = (word: string) => ({
      kind: "done",
      detail: expect.stringMatching(new RegExp(`^${word} pid [0-9]+$`)),
    });
    const remove = (change: { owner?: typeof owner } = {}) =>
      host.act(removeExport({ owner, shelf: 0, slot: 1, interface: "eth1", ...change }));
    const other = { namespace: "san", name: "other", uid: "0c2d" };
    const text = (options = "") =>
      `# xensan: san/data 0a1b\nshelf=0\nslot=1\nnetif=eth1\nfilename=${image}\noptions='${options}'\n`;

    it("begins, stays as it is, and ends", async () => {
      host.image(image, MiB);
      expect(await host.act(serve())).toEqual(done("started"));
      expect(host.vblades()).toEqual([`0 1 eth1 ${image}`]);
      expect(host.read(conf)).toBe(text());
      expect(await host.act(serve())).toEqual(done("unchanged"));
      expect(await remove({ owner: other })).toEqual({ kind: "done", detail: "absent" });
      expect(await remove()).toEqual({ kind: "done", detail: "removed" });
      expect(host.vblades()).toEqual([]);
      expect(await remove()).toEqual({ kind: "done", detail: "absent" });
    });

    it("ends with the vblade that runs as it was configured before somebody edited that", async () => {
      host.image(image, MiB);
      expect(await host.act(serve())).toEqual(done("started"));
      host.write(conf, text("-r"));
      expect(await remove()).toEqual({ kind: "done", detail: "removed" });
      expect(host.vblades()).toEqual([]);
    });

    it("is begun again after its vblade was killed, and gets its configuration back", async () => {
      host.image(image, MiB);
      expect(await host.act(serve())).toEqual(done("started"));
      host.killVblades();
      expect(await host.act(serve())).toEqual(done("started"));
      host.write(conf, text("-r"));
      expect(await host.act(serve())).toEqual(done("repaired"));
      expect(host.read(conf)).toBe(text());
      expect(host.vblades()).toEqual([`0 1 eth1 ${image}`]);
    });

    it("gets other options only by a restart", async () => {
      host.image(image, MiB);
      expect(await host.act(serve())).toEqual(done("started"));
      const change = { options: ["-m", "52:54:00:99:01:1a", "-r", "-b", "32"] };
      expect(await host.act(serve(change))).toMatchObject({ kind: "refused", reason: "RestartForbidden" });
      expect(host.read(conf)).toBe(text());
      expect(await host.act(serve({ ...change, restart: "IfNeeded" }))).toEqual(done("restarted"));
      expect(host.vblades()).toEqual([`0 1 eth1 ${image} -b 32 -m 52:54:00:99:01:1a -r`]);
      expect(await host.act(serve({ ...change, restart: "IfNeeded" }))).toEqual(done("unchanged"));
      expect(await host.act(serve({ ...change, restart: "Always" }))).toEqual(done("restarted"));
    });

    it("that somebody began by hand is taken over as it runs", async () => {
      host.image(image, MiB);
      host.vblade("0", "1", "eth1", image, "-b", "16");
      expect(await host.act(serve())).toMatchObject({ kind: "refused", reason: "AddressTaken" });
      expect(await host.act(serve({ options: ["-b", "16"] }))).toEqual(done("adopted"));
      expect(host.vblades()).toEqual([`0 1 eth1 ${image} -b 16`]);
      expect(host.read(conf)).toBe(text("-b 16"));
      expect(await host.act(serve({ options: ["-b", "16"] }))).toEqual(done("unchanged"));
      expect(await host.act(serve({ options: ["-b", "16"], restart: "IfNeeded" }))).toEqual(done("restarted"));
      expect(host.vblades()).toEqual([`0 1 eth1 ${image} -b 16`]);
    });

    it("that somebody configured gets our mark, and keeps its priority", async () => {
      host.image(image, MiB);
      host.write(conf, `shelf=0\nslot=1\nnetif=eth1\nfilename=${image}\noptions=\nionice='-c2 -n0'\n`);
      expect(await host.act(serve())).toEqual(done("started"));
      expect(host.read(conf)).toBe(
        `# xensan: san/data 0a1b\nshelf=0\nslot=1\nnetif=eth1\nfilename=${image}\noptions=\nionice='-c2 -n0'\n`,
      );
      const change = { options: ["-s"], restart: "IfNeeded" } as const;
      expect(await host.act(serve(change))).toEqual(done("restarted"));
      expect(host.read(conf)).toBe(`${text("-s")}ionice='-c2 -n0'\n`);
    });

    it("has its address and its backing for itself", async () => {
      host.image(image, MiB);
      host.image("/srv/aoe/other.img", MiB);
      expect(await host.act(serve())).toEqual(done("started"));
      expect(await host.act(serve({ owner: other }))).toEqual({
        kind: "refused",
        reason: "AddressTaken",
        message: "e0.1 on eth1 belongs to san/data 0a1b",
      });
      expect(await host.act(serve({ owner: other, slot: 2 }))).toEqual({
        kind: "refused",
        reason: "BackingExported",
        message: `${image} overlaps with ${image}, which conf e0.1 serves as e0.1 on eth1 (owner san/data 0a1b)`,
      });
      expect(await host.act(serve({ owner: other, slot: 2, backing: "/srv/aoe/other.img" }))).toEqual(done("started"));
      expect([...host.vblades()].sort()).toEqual([`0 1 eth1 ${image}`, "0 2 eth1 /srv/aoe/other.img"]);
      host.vblade("0", "1", "eth1", image);
      expect(await host.act(serve())).toEqual({
        kind: "refused",
        reason: "AddressTaken",
        message: "2 vblades serve e0.1 on eth1 at once",
      });
    });

    it("whose vblade does not stay says what that said, and begins once it can", async () => {
      host.image(image, MiB);
      host.takeDown("eth1");
      const why = "putpkt aoe id: Network is down read network: Network is down";
      expect(await host.act(serve())).toMatchObject({
        kind: "refused",
        reason: "ExportFailed",
        message: expect.stringMatching(new RegExp(`^e0.1 on eth1 does not stay up: ${why} *$`)),
      });
      expect(host.read(conf)).toBe(text());
      expect(await host.act(interfaceUp("eth1"))).toEqual({ kind: "done", detail: "up" });
      expect(await host.act(serve())).toEqual(done("started"));
    });

    it("serves no other file under the same name", async () => {
      host.image(image, MiB);
      expect(await host.act(serve())).toEqual(done("started"));
      host.replace(image, MiB);
      expect(await host.act(serve({ restart: "IfNeeded" }))).toMatchObject({
        kind: "refused",
        reason: "BackingChanged",
        message: expect.stringMatching(
          new RegExp(`^${image} is now file:\\S+, but e0.1 on eth1 is recorded as serving file:\\S+$`),
        ),
      });
      expect(host.vblades()).toEqual([`0 1 eth1 ${image}`]);
    });

    describe("whose interface", () => {
      const [a, b, c] = ["52:54:00:99:01:10", "52:54:00:99:01:2b", "52:54:00:99:01:3c"];
      const record = "/var/lib/xensan/exports/e0.1";
      const card = () => host.read(record)?.split("\n")[3];
      const changed = (why: string) => ({
        kind: "refused",
        reason: "InterfaceChanged",
        message: `eth1 is not the interface on which e0.1 on eth1 was recorded: ${why}. Give the cards their names again (systemd.link), or, if the cables have moved with the names, remove the records /var/lib/xensan/exports/*`,
      });
      const onBoth = async () => {
        host.card("eth9", b);
        host.image(image, MiB);
        host.image("/srv/aoe/b.img", MiB);
        expect(await host.act(serve())).toEqual(done("started"));
        const interfaces = [...serveOn("eth1", "a"), ...serveOn("eth9", "b")];
        const second = { owner: other, interface: "eth9", backing: "/srv/aoe/b.img", interfaces };
        expect(await host.act(serve(second))).toEqual(done("started"));
        host.killVblades();
      };
      const serveOn = (name: string, segment: string) => [{ name, segment }];
      const begin = (change: Partial<ExportRequest> = {}) =>
        host.act(serve({ interfaces: [...serveOn("eth1", "a"), ...serveOn("eth9", "b")], ...change }));

      it("has exchanged its card with another one is not served, until both have their names again", async () => {
        await onBoth();
        expect(card()).toBe(`eth1 ${a}`);
        host.card("eth1", b);
        host.card("eth9", a);
        expect(await begin()).toEqual(changed(`the recorded card ${a} is eth9 now`));
        expect(host.vblades()).toEqual([]);
        host.card("eth1", a);
        host.card("eth9", b);
        expect(await begin()).toEqual(done("started"));
      });

      it("has the card of another export, whose own one is gone, is not served", async () => {
        await onBoth();
        host.card("eth1", b);
        host.card("eth9", "");
        expect(await begin()).toEqual(changed(`its card ${b} is recorded as eth9`));
        host.remove("/var/lib/xensan/exports/e0.1.eth9");
        expect(await begin()).toEqual(done("started"));
        expect(card()).toBe(`eth1 ${b}`);
      });

      it("has a new card is served, and the new one is recorded", async () => {
        await onBoth();
        host.card("eth1", c);
        expect(await begin()).toEqual(done("started"));
        expect(card()).toBe(`eth1 ${c}`);
        expect(await begin()).toEqual(done("unchanged"));
      });

      it("was recorded without its card by an earlier release gets it recorded while vblade runs", async () => {
        host.image(image, MiB);
        expect(await host.act(serve())).toEqual(done("started"));
        const [identity = "", path = "", whose = ""] = host.read(record)?.split("\n") ?? [];
        host.write(record, `${identity}\n${path}\n${whose}\n`);
        expect(await begin()).toEqual(done("unchanged"));
        expect(card()).toBe(`eth1 ${a}`);
      });
    });

    it("serves no other file after its configuration was lost, whatever the uid of the object", async () => {
      host.image(image, MiB);
      host.image("/srv/aoe/b.img", MiB);
      expect(await host.act(serve())).toEqual(done("started"));
      host.killVblades();
      host.remove(conf);
      const again = { owner: { ...owner, uid: "9f8e" }, backing: "/srv/aoe/b.img" } as const;
      const outcome = await host.act(serve(again));
      expect(outcome).toMatchObject({
        kind: "refused",
        reason: "BackingChanged",
        message: expect.stringMatching(
          /^\/srv\/aoe\/b.img is now file:\S+, but e0.1 on eth1 is recorded as serving file:\S+$/,
        ),
      });
      expect(host.read(conf)).toBeUndefined();
      expect(host.vblades()).toEqual([]);
      // The recorded one is served again, and so is another one once a person has given that up.
      expect(await host.act(serve({ owner: again.owner }))).toEqual(done("started"));
      host.killVblades();
      host.remove(conf);
      const [, replaces = ""] = /serving (\S+)$/.exec("message" in outcome ? outcome.message : "") ?? [];
      expect(await host.act(serve({ ...again, replaces }))).toEqual(done("started"));
      expect(await host.act(serve(again))).toEqual(done("unchanged"));
    });

    it("of another object at its address is not judged by what was recorded for the lost one", async () => {
      host.image(image, MiB);
      host.image("/srv/aoe/b.img", MiB);
      expect(await host.act(serve())).toEqual(done("started"));
      host.killVblades();
      host.remove(conf);
      expect(await host.act(serve({ owner: other, backing: "/srv/aoe/b.img" }))).toEqual(done("started"));
    });

    it("that was removed leaves nothing recorded for a later one, even without its configuration", async () => {
      host.image(image, MiB);
      host.image("/srv/aoe/b.img", MiB);
      expect(await host.act(serve())).toEqual(done("started"));
      expect(await remove()).toEqual({ kind: "done", detail: "removed" });
      expect(await host.act(serve({ backing: "/srv/aoe/b.img" }))).toEqual(done("started"));
      host.killVblades();
      host.remove(conf);
      expect(await remove({ owner: other })).toEqual({ kind: "done", detail: "absent" });
      expect(await host.act(serve())).toMatchObject({ kind: "refused", reason: "BackingChanged" });
      expect(await remove({ owner: { ...owner, uid: "9f8e" } })).toEqual({ kind: "done", detail: "absent" });
      expect(await host.act(serve())).toEqual(done("started"));
    });

    it.each([
      ["is swap", "swapOn", "is used as swap"],
      ["is behind a loop device", "loop", "is used by a loop device"],
    ] as const)("does not begin of a logical volume that %s, which is not removed either", async (_what, use, why) => {
      const own = { owner, volumeGroup: "san", name: "data", allowedBackings: ["san/*"] };
      await host.act(ensureLogicalVolume({ ...own, sizeBytes: 4 * MiB }));
      host[use]("/dev/san/data");
      const refused = (name: string) => ({ kind: "refused", reason: "BackingInUse", message: `${name} ${why}` });
      const backing = { backing: "/dev/san/data", allowedBackings: ["san/*"] };
      expect(await host.act(serve(backing))).toEqual(refused("/dev/san/data"));
      expect(await host.act(deleteLogicalVolume(own))).toEqual(refused("san/data"));
    });

    it.each(["/srv/aoe/a.img", "/dev/san/data"])("of %s does not begin while a program writes to it", async (path) => {
      host.image("/srv/aoe/a.img", MiB);
      const own = { owner, volumeGroup: "san", name: "data", allowedBackings: ["san/*"] };
      await host.act(ensureLogicalVolume({ ...own, sizeBytes: 4 * MiB }));
      const begin = () => host.act(serve({ backing: path, allowedBackings: ["/srv/aoe/*", "san/*"] }));
      const message = `${path} is open for writing by process 99999 qemu-nbd`;
      host.opens(path, "ReadWrite");
      expect(await begin()).toEqual({ kind: "refused", reason: "BackingInUse", message });
      host.closes();
      host.opens(path, "Read");
      expect(await begin()).toEqual(done("started"));
      host.closes();
      host.killVblades();
      host.opens(path, "ReadWrite");
      expect(await begin()).toEqual({ kind: "refused", reason: "BackingInUse", message });
      host.closes();
      expect(await begin()).toEqual(done("started"));
    });

    it("of a logical volume is of that one for ever", async () => {
      const own = { owner, volumeGroup: "san", name: "data", allowedBackings: ["san/*"] };
      const ensure = () => host.act(ensureLogicalVolume({ ...own, sizeBytes: 4 * MiB }));
      const backing = { backing: "/dev/san/data", allowedBackings: ["san/*"] };
      await ensure();
      expect(await host.act(serve(backing))).toEqual(done("started"));
      expect(await host.act(deleteLogicalVolume(own))).toEqual({
        kind: "refused",
        reason: "StillExported",
        message: "san/data is served as e0.1 on eth1 (/dev/san/data, conf e0.1)",
      });
      expect(await remove()).toEqual({ kind: "done", detail: "removed" });
      expect(await host.act(deleteLogicalVolume(own))).toEqual({ kind: "done", detail: "deleted" });
    });
  },
  { host: "san", shared: "NotMounted", toolstack: "none", packages: ["vblade", "lvm2"] },
);
