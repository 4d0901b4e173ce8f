import { expect, it } from "vitest";
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
      const why = `${file} starts a vblade for e0.1 as well: take that line away, and leave the vblade running`;
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
