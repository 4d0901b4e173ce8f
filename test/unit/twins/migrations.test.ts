import { beforeEach, expect, it } from "vitest";
import {
  abortMigration,
  awaitMigration,
  recordMigration,
  startMigration,
} from "../../../src/host/migration-actions.ts";
import { type TwinBench, twins } from "./bench.ts";
import type { DomainRow } from "./host.ts";

const uuid = "37baabc6-98d5-48a2-9634-a38b12e29c45";
/** No host has this address. */
const address = "10.99.0.77";
const time = "2026-11-28T09:30:00Z";
const bounds = {
  ...{ owner: undefined, time, allowedBridges: ["xenbr*"], allowedBootFiles: ["/boot/*"] },
  shared: { mountPoints: [], hidden: [], devices: [] },
};
const declared = { namespace: "xen", name: "vm2", uid: "1111-aa" };

const cases = (dom0: TwinBench) => {
  const begin = (operation = "op-1") =>
    dom0.act(startMigration({ operation, uuid, address, timeoutSeconds: 600, ...bounds }));

  const disks = [
    { path: "/srv/xen/a.img", format: "raw" },
    { path: "/dev/etherd/e0.1", format: "raw" },
  ] as const;
  const shareImages = () => {
    for (const name of ["a.img", "real/a.img", "iso/a.img"]) dom0.image(`/srv/xen/${name}`, 4096);
    dom0.symlink("/srv/xen/way", "/srv/xen/real");
  };
  const shared = { mountPoints: ["/srv/xen"], hidden: ["/srv/xen/iso"], devices: [{ shelf: 0, slot: 1 }] };
  const beginBare = () =>
    dom0.act(startMigration({ operation: "op-1", uuid, address, timeoutSeconds: 600, ...bounds, shared }));

  it.each<[string, DomainRow[], string]>([
    ["is not there", [], "DomainMissing"],
    ["is there twice", [1, 2].map((id) => [id, "vm2", uuid, "-b----", 9] as const), "DomainStateDiffers"],
    ["is paused", [[1, "vm2", uuid, "--p---", 9]], "DomainNotRunning"],
    ["is suspended", [[1, "vm2", uuid, "---ss-", 9]], "DomainNotRunning"],
    ["has a number for a name", [[1, "42", uuid, "-b----", 9]], "DomainNameUnsafe"],
    ["has no name", [[1, "(null)", uuid, "-b----", 9]], "DomainNameUnsafe"],
    ["has a name that begins like an option", [[1, "-vm2", uuid, "-b----", 9]], "DomainNameUnsafe"],
    ["arrives", [[1, "vm2--incoming", uuid, "--p---", 0]], "DomainMigrating"],
    ["was sent", [[1, "vm2--migratedaway", uuid, "---ss-", 9]], "DomainMigrating"],
    ["is on its way in the words of xend", [[1, "migrating-vm2", uuid, "-b----", 9]], "DomainMigrating"],
  ])("is not begun when the domain %s", async (_how, rows, reason) => {
    dom0.domains(...rows);
    expect(await begin()).toMatchObject({ kind: "refused", reason });
  });

  it("is not begun of what is left of a domain that dies", async () => {
    dom0.domains([1, "(null)", uuid, "--ps-d", 9]);
    expect(await begin()).toMatchObject({ kind: "refused", reason: "DomainMissing" });
  });

  it.each([
    ["br-other", "/boot/vmlinuz", "BridgeOutsideBounds", "is connected to br-other, which is not in allowed.bridges"],
    ["xenbr0", "/root/vmlinuz", "BootFileOutsideBounds", "boots from /root/vmlinuz, which is not in allowed.bootFiles"],
  ])("is not begun of a domain that runs with %s and %s when its target allows other ones", async (...given) => {
    const [bridge, kernel, reason, why] = given;
    dom0.runsWith(bridge, kernel);
    dom0.domains([1, "vm2", uuid, "-b----", 20]);
    expect(await begin()).toMatchObject({ kind: "refused", reason, message: expect.stringContaining(`vm2 ${why}`) });
    expect(dom0.read("/var/lib/xensan/migrations/op-1")).toBeUndefined();
  });

  it.each([
    ["a logical volume of its own host", "/dev/vg0/vm1", "raw"],
    ["a file outside of what both hosts share", "/var/lib/xen/a.img", "raw"],
    ["a file that is not there", "/srv/xen/none.img", "raw"],
    ["a file behind a symbolic link", "/srv/xen/way/a.img", "raw"],
    ["a file that the target has elsewhere", "/srv/xen/iso/a.img", "raw"],
    ["a file that may rest on another one", "/srv/xen/a.img", "qcow2"],
    ["a device that the target finds elsewhere", "/dev/etherd/e0.2", "raw"],
    ["a part of a name", "/dev/etherd/e0.12", "raw"],
  ])("is not begun of a domain that nobody declared while it has %s", async (_what, path, format) => {
    shareImages();
    dom0.runsWith("xenbr0", "/boot/vmlinuz", [disks[0], { path, format }]);
    dom0.domains([1, "vm2", uuid, "-b----", 20]);
    const shown = format === "raw" ? path : `${path} (format ${format})`;
    expect(await beginBare()).toEqual({
      kind: "refused",
      reason: "DiskNotShared",
      message: `vm2 has the disk ${shown}, and nothing proves that it is the same on the target; accepted are raw images on an OCFS2 that both hosts have mounted at the same directory (now /srv/xen), and AoE devices that both hosts find at the same server with the same size (now /dev/etherd/e0.1)`,
    });
    expect(dom0.read("/var/lib/xensan/migrations/op-1")).toBeUndefined();
  });

  it("is not begun of a domain that nobody declared while the hosts share nothing", async () => {
    shareImages();
    dom0.runsWith("xenbr0", "/boot/vmlinuz", [disks[0]]);
    dom0.domains([1, "vm2", uuid, "-b----", 20]);
    const none = "at the same directory (now none), and AoE";
    expect(await begin()).toMatchObject({ reason: "DiskNotShared", message: expect.stringContaining(none) });
  });

  it("is not begun of a declared domain to which a hand attached a disk of its own host", async () => {
    shareImages();
    dom0.runsWith("xenbr0", "/boot/vmlinuz", [disks[0], { path: "/dev/vg0/vm1", format: "raw" }]);
    dom0.domains([1, "vm2", uuid, "-b----", 20]);
    dom0.write(`/var/lib/xensan/domains/${uuid}.cfg.owner`, "xen/vm2 1111-aa\n");
    const command = { operation: "op-1", uuid, address, timeoutSeconds: 600, ...bounds, owner: declared, shared };
    expect(await dom0.act(startMigration(command))).toMatchObject({
      ...{ kind: "refused", reason: "DiskNotShared" },
      message: expect.stringContaining("vm2 has the disk /dev/vg0/vm1, and nothing proves"),
    });
    expect(dom0.read("/var/lib/xensan/migrations/op-1")).toBeUndefined();
  });

  it.each([
    ["migrate", "vm2"],
    ["save", "1"],
    ["suspend", "1"],
    ["remus", "vm2"],
    ["create", `/run/xensan/${uuid}.cfg`],
    ["restore", `/var/lib/xensan/domains/${uuid}.cfg`],
  ])("is not begun while xl %s %s is at work", async (verb, about) => {
    dom0.domains([1, "vm2", uuid, "-b----", 20]);
    dom0.atWork(verb, about);
    expect(await begin()).toMatchObject({ kind: "refused", reason: "DomainMigrating" });
  });

  it.each<[string, typeof declared | undefined, string | undefined]>([
    ["another XenDomain declared", declared, "xen/vm3 2222-bb\n"],
    ["another hand started", declared, undefined],
    ["a XenDomain declared", undefined, "xen/vm2 1111-aa\n"],
  ])("is not begun of a domain that %s", async (_how, owner, declarer) => {
    dom0.domains([1, "vm2", uuid, "-b----", 20]);
    if (declarer !== undefined) dom0.write(`/var/lib/xensan/domains/${uuid}.cfg.owner`, declarer);
    const command = startMigration({ operation: "op-1", uuid, address, timeoutSeconds: 600, ...bounds, owner });
    expect(await dom0.act(command)).toMatchObject({ kind: "refused", reason: "DomainTaken" });
    expect(dom0.read("/var/lib/xensan/migrations/op-1")).toBeUndefined();
  });

  it("of another host is recorded once, and not begun here afterwards", async () => {
    dom0.domains([1, "vm2", uuid, "-b----", 20]);
    const record = () => dom0.act(recordMigration({ operation: "op-1", uuid, time }));
    expect(await record()).toEqual({ kind: "done", detail: "recorded" });
    expect(dom0.read("/var/lib/xensan/migrations/op-1")).toMatch(/^37baabc6-\S+ \S+ \d+ - - 2026-11-28T09:30:00Z\n$/);
    expect(await record()).toEqual({ kind: "done", detail: "unchanged" });
    expect(await begin()).toEqual({ kind: "done", detail: "unchanged" });
  });

  it("that was never begun is over for whoever waits for it or ends it", async () => {
    expect(await dom0.act(awaitMigration({ operation: "op-1", seconds: 5 }))).toEqual({
      kind: "done",
      detail: "ended",
    });
    expect(await dom0.act(abortMigration({ operation: "op-1" }))).toEqual({ kind: "done", detail: "ended" });
  });
};

twins(
  ["start-migration", "record-migration", "await-migration", "abort-migration"],
  "a migration that is not begun",
  cases,
);

twins(
  ["start-migration", "await-migration", "abort-migration"],
  "a migration to nobody",
  (dom0) => {
    beforeEach(() => dom0.domains([1, "vm2", uuid, "-b----", 20]));

    it("is begun of a domain that nobody declared when both hosts share its disks", async () => {
      dom0.image("/srv/xen/a.img", 4096);
      const disks = ["/srv/xen/a.img", "/dev/etherd/e0.1"].map((path) => ({ path, format: "raw" }));
      dom0.runsWith("xenbr0", "/boot/vmlinuz", disks);
      dom0.domains([1, "vm2", uuid, "-b----", 20]);
      const shared = { mountPoints: ["/srv", "/srv/xen"], hidden: [], devices: [{ shelf: 0, slot: 1 }] };
      const command = startMigration({ operation: "op-1", uuid, address, timeoutSeconds: 600, ...bounds, shared });
      expect(await dom0.act(command)).toEqual({ kind: "done", detail: "started" });
      expect(await dom0.act(awaitMigration({ operation: "op-1", seconds: 60 }))).toMatchObject({ detail: "ended" });
    });

    it("is begun once, ends by itself, and leaves its record and its exit code", async () => {
      const begin = () =>
        dom0.act(startMigration({ operation: "op-1", uuid, address, timeoutSeconds: 600, ...bounds }));
      expect(await begin()).toEqual({ kind: "done", detail: "started" });
      expect(await dom0.act(awaitMigration({ operation: "op-1", seconds: 60 }))).toEqual({
        kind: "done",
        detail: "ended",
      });
      expect(await begin()).toEqual({ kind: "done", detail: "unchanged" });
      expect(await dom0.act(abortMigration({ operation: "op-1" }))).toEqual({ kind: "done", detail: "ended" });
      expect(dom0.listed()).toEqual(["vm2 -b----"]);
      expect(dom0.read("/var/lib/xensan/migrations/op-1.exit")).toBe("1\n");
    });
  },
  { time: "Real" },
);
