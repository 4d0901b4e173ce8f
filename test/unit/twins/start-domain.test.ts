import { createHash } from "node:crypto";
import { beforeEach, describe, expect, it } from "vitest";
import { renderConfiguration } from "../../../src/controllers/xen-domain/configuration.ts";
import {
  removeDomainConfiguration,
  startDomain,
  stopDomain,
  takeDomainLock,
  writeDomainConfiguration,
} from "../../../src/host/domain-actions.ts";
import { ensureImage } from "../../../src/host/image-actions.ts";
import { checksum } from "../../../src/sim/model/checksum.ts";
import { type TwinBench, twins } from "./bench.ts";

const uuid = "37baabc6-98d5-48a2-9634-a38b12e29c45";
const other = "94451a8f-8a10-4e81-b45a-6937d115fafe";
const owner = { namespace: "xen", name: "vm2", uid: "1111-aa" };
const kernel = "/boot/vmlinuz-6.1";
const otherBoot = "11111111-2222-4333-8444-555555555555";

const cases = (dom0: TwinBench) => {
  beforeEach(() => dom0.write(kernel, "a kernel"));

  const text = (lines: Record<string, string> = {}) =>
    Object.entries({ name: '"vm2"', uuid: `"${uuid}"`, type: '"pvh"', memory: "128", kernel: `"${kernel}"`, ...lines })
      .map(([key, value]) => `${key} = ${value}\n`)
      .join("");
  const digestOf = (written: string) => createHash("sha256").update(written).digest("hex");
  const lock = () => ({ directory: "/srv/xen/.xensan", mountPoint: "/srv/xen", filesystem: dom0.filesystem });
  const lockFile = `/srv/xen/.xensan/${uuid}.lock`;
  const write = (written: string) => dom0.act(writeDomainConfiguration({ owner, uuid, text: written, adopt: false }));
  const start = (written = text(), more: Partial<Parameters<typeof startDomain>[0]> = {}) =>
    dom0.act(
      startDomain({
        owner,
        uuid,
        name: "vm2",
        digest: digestOf(written),
        lock: lock(),
        shares: [{ mountPoint: "/srv/xen", filesystem: dom0.filesystem }],
        allowedBootFiles: ["/boot/vmlinuz-*"],
        allowedBridges: ["xenbr*"],
        ...more,
      }),
    );
  const image = "/srv/xen/vm2.img";
  const makeImage = (more: Partial<Parameters<typeof ensureImage>[0]> = {}) =>
    dom0.act(
      ensureImage({
        ...{ owner, uuid, path: image, mountPoint: "/srv/xen", filesystem: dom0.filesystem },
        ...{ sizeBytes: 2 ** 20, mayFind: false },
        ...more,
      }),
    );
  const stop = (how: "Shutdown" | "Destroy" = "Shutdown", waitSeconds = 30) =>
    dom0.act(stopDomain({ owner, uuid, how, waitSeconds, lockDirectory: lock().directory }));

  it("is started under a lock that names the host, its boot and the owner, and stopped with it", async () => {
    expect(await write(text())).toEqual({ kind: "done", detail: "written" });
    expect(await write(text())).toEqual({ kind: "done", detail: "unchanged" });
    expect(await start()).toEqual({ kind: "done", detail: "started id 1" });
    expect(dom0.read(lockFile)).toBe(`bella ${dom0.bootId} xen/vm2 1111-aa\n`);
    expect(await start()).toEqual({ kind: "done", detail: "running id 1" });
    expect(await dom0.act(removeDomainConfiguration({ owner, uuid }))).toMatchObject({ reason: "DomainRunning" });
    expect(await stop()).toEqual({ kind: "done", detail: "stopped" });
    expect(dom0.read(lockFile)).toBeUndefined();
    expect(await stop()).toEqual({ kind: "done", detail: "absent" });
    expect(await dom0.act(removeDomainConfiguration({ owner, uuid }))).toEqual({ kind: "done", detail: "removed" });
    expect(await dom0.act(removeDomainConfiguration({ owner, uuid }))).toEqual({ kind: "done", detail: "absent" });
  });

  it("is started from images on its shares only, by no symbolic link, whatever they were when it was declared", async () => {
    dom0.image("/srv/xen/real/a.img", 4096);
    dom0.symlink("/srv/xen/way", "/srv/xen/real");
    dom0.symlink("/srv/xen/link.img", "/srv/xen/real/a.img");
    const from = async (path: string) => {
      const written = text({ disk: `[ "format=raw, vdev=xvda, access=rw, target=${path}" ]` });
      await write(written);
      return start(written);
    };
    for (const [path, reason] of [
      ["/etc/shadow", "ImageOutsideBounds"],
      ["/srv/xen/way/a.img", "ImageForeign"],
      ["/srv/xen/link.img", "ImageForeign"],
      ["/srv/xen/real", "ImageForeign"],
      ["/srv/xen/../other/a.img", "InvalidArgument"],
    ] as const)
      expect([path, await from(path)]).toMatchObject([path, { kind: "refused", reason }]);
    expect(dom0.listed()).toEqual([]);
    await makeImage({ path: "/srv/xen/real/a.img", mayFind: true, sizeBytes: 512 });
    expect(await from("/srv/xen/real/a.img")).toMatchObject({ kind: "done" });
  });

  it("is started from the image that is recorded at the mount point, whatever directories above it are called", async () => {
    const path = "/srv/xen/vms/a.img";
    const written = text({ disk: `[ "format=raw, vdev=xvda, access=rw, target=${path}" ]` });
    await makeImage({ path });
    await write(written);
    dom0.write("/srv/xen/vms/.xensan/images/x", "a guest's\n");
    expect(await start(written)).toEqual({ kind: "done", detail: "started id 1" });
  });

  describe("with a CD-ROM drive", () => {
    const iso = "/srv/xen/iso/debian.iso";
    const drive = (target: string) =>
      text({ disk: `[ "format=raw, vdev=hdc, access=ro, devtype=cdrom, target=${target}" ]` });
    const insert = async (target: string, templates: readonly string[] = ["/srv/xen/iso/*.iso"]) => {
      await write(drive(target));
      return start(drive(target), { templates });
    };
    beforeEach(() => dom0.image(iso, 4096));

    it("reads what the owner of the file system lists, which nobody has to have recorded or leased", async () => {
      expect(await insert(iso)).toEqual({ kind: "done", detail: "started id 1" });
    });

    it("reads nothing else", async () => {
      dom0.image("/srv/xen/secret.img", 4096);
      dom0.image("/srv/other/x.iso", 4096);
      dom0.symlink("/srv/xen/iso/link.iso", "/srv/xen/secret.img");
      for (const [path, reason] of [
        ["/srv/xen/secret.img", "SourceNotTemplate"],
        ["/srv/xen/iso/link.iso", "ImageForeign"],
        ["/srv/xen/iso/none.iso", "SourceMissing"],
        ["/etc/shadow", "ImageOutsideBounds"],
      ] as const)
        expect([path, await insert(path)]).toMatchObject([path, { kind: "refused", reason }]);
      expect(await insert(iso, [])).toMatchObject({ reason: "SourceNotTemplate" });
      expect(dom0.listed()).toEqual([]);
    });

    it("does not read the image of a domain, even if it is listed", async () => {
      await makeImage({ path: "/srv/xen/iso/disk.iso" });
      expect(await insert("/srv/xen/iso/disk.iso")).toMatchObject({ kind: "refused", reason: "SourceInUse" });
    });
  });

  it("is not started on a host that goes down, and one that runs there is left alone", async () => {
    await write(text());
    expect(await start()).toEqual({ kind: "done", detail: "started id 1" });
    dom0.goDown();
    expect(await start()).toEqual({ kind: "done", detail: "running id 1" });
    expect(await stop()).toEqual({ kind: "done", detail: "stopped" });
    expect(await start()).toMatchObject({ kind: "refused", reason: "HostGoingDown" });
    expect(dom0.read(lockFile)).toBeUndefined();
  });

  it("is not started while another host holds the lock, unless that holder is proved gone", async () => {
    await write(text());
    dom0.write(lockFile, `brutus ${otherBoot} xen/vm2 1111-aa\n`);
    expect(await start()).toMatchObject({
      kind: "refused",
      reason: "DomainLocked",
      message: expect.stringContaining("brutus"),
    });
    expect(await start(text(), { supersedes: { host: "brutus", bootId: dom0.bootId } })).toMatchObject({
      reason: "DomainLocked",
    });
    expect(await start(text(), { supersedes: { host: "brutus", bootId: otherBoot } })).toEqual({
      kind: "done",
      detail: "started id 1",
    });
    expect(dom0.read(lockFile)).toBe(`bella ${dom0.bootId} xen/vm2 1111-aa\n`);
  });

  it("leaves the lock of another host where it is when it is stopped or absent here", async () => {
    dom0.write(lockFile, `brutus ${otherBoot} xen/vm2 1111-aa\n`);
    expect(await stop()).toEqual({ kind: "done", detail: "absent" });
    expect(dom0.read(lockFile)).toBe(`brutus ${otherBoot} xen/vm2 1111-aa\n`);
  });

  it("takes the lock to where it runs after a migration", async () => {
    const take = () => dom0.act(takeDomainLock({ owner, uuid, lock: lock() }));
    dom0.write(lockFile, `brutus ${otherBoot} xen/vm2 1111-aa\n`);
    expect(await take()).toMatchObject({ kind: "refused", reason: "DomainMissing" });
    dom0.domains([5, "vm2--incoming", uuid, "--p---", 0]);
    expect(await take()).toMatchObject({ kind: "refused", reason: "DomainMigrating" });
    dom0.domains([5, "vm2", uuid, "-b----", 0]);
    expect(await take()).toEqual({ kind: "done", detail: "moved" });
    expect(dom0.read(lockFile)).toBe(`bella ${dom0.bootId} xen/vm2 1111-aa\n`);
    expect(await take()).toEqual({ kind: "done", detail: "unchanged" });
  });

  it("is gone when only what is left of it still dies, which is neither stopped, nor hides the copy that runs", async () => {
    dom0.domains([4, "(null)", uuid, "--ps-d", 9]);
    dom0.write(lockFile, `bella ${dom0.bootId} xen/vm2 1111-aa\n`);
    expect(await dom0.act(takeDomainLock({ owner, uuid, lock: lock() }))).toMatchObject({ reason: "DomainMissing" });
    expect(await stop()).toEqual({ kind: "done", detail: "absent" });
    expect(dom0.read(lockFile)).toBeUndefined();
    await write(text());
    expect(await dom0.act(removeDomainConfiguration({ owner, uuid }))).toEqual({ kind: "done", detail: "removed" });
    await write(text());
    dom0.domains([4, "(null)", uuid, "--ps-d", 9], [5, "vm2", uuid, "-b----", 9]);
    expect(await start()).toEqual({ kind: "done", detail: "running id 5" });
    expect(await stop()).toEqual({ kind: "done", detail: "stopped" });
    expect(dom0.listed()).toEqual(["(null) --ps-d"]);
  });

  it("gives the lock back when xl could not start it, and says why", async () => {
    await write(text());
    dom0.failCreate(
      "xc: error: panic: xg_dom_boot.c:119: xc_dom_boot_mem_init: can't allocate low memory for domain: Out of memory",
      "libxl: error: libxl_domain.c:1183:libxl__destroy_domid: Domain 15:Non-existant domain",
    );
    expect(await start()).toEqual({
      kind: "refused",
      reason: "NoMemory",
      message:
        "not enough memory for vm2, which needs 128 MiB: xc: error: panic: xg_dom_boot.c:119: xc_dom_boot_mem_init: can't allocate low memory for domain: Out of memory",
    });
    expect(dom0.read(lockFile)).toBeUndefined();
    dom0.failCreate(
      "libxl: error: libxl_device.c:455:libxl__device_disk_set_backend: Disk vdev=xvda failed to stat: /srv/xen/big.img: No such file or directory",
    );
    expect(await start()).toMatchObject({
      reason: "StartFailed",
      message: expect.stringContaining("/srv/xen/big.img"),
    });
    expect(dom0.read(lockFile)).toBeUndefined();
  });

  it.each<[string, (dom0: TwinBench) => void, string]>([
    ["another domain has its name", (it) => it.domains([9, "vm2", other, "-b----", 1]), "DomainNameTaken"],
    [
      "another domain of its name arrives",
      (it) => it.domains([9, "vm2--incoming", other, "--p---", 0]),
      "DomainNameTaken",
    ],
    ["it arrives", (it) => it.domains([9, "vm2--incoming", uuid, "--p---", 0]), "DomainMigrating"],
    ["it was sent away", (it) => it.domains([9, "vm2--migratedaway", uuid, "---ss-", 9]), "DomainMigrating"],
    ["it is ending", (it) => it.domains([9, "vm2", uuid, "--ps--", 9]), "DomainStateDiffers"],
    [
      "it is there twice",
      (it) => it.domains([9, "vm2", uuid, "-b----", 9], [10, "vm2", uuid, "-b----", 9]),
      "DomainStateDiffers",
    ],
  ])("is not started while %s", async (_why, given, reason) => {
    await write(text());
    given(dom0);
    expect(await start()).toMatchObject({ kind: "refused", reason });
    expect(dom0.read(lockFile)).toBeUndefined();
  });

  it.each<[string, Record<string, string>, string]>([
    ["a kernel outside the bounds", { kernel: '"/etc/passwd"' }, "BootFileOutsideBounds"],
    ["a ramdisk outside the bounds", { ramdisk: '"/etc/passwd"' }, "BootFileOutsideBounds"],
    ["a bridge outside the bounds", { vif: '[ "mac=00:16:3e:00:00:01,bridge=lan0" ]' }, "BridgeOutsideBounds"],
    ["a bridge that is not there", { vif: '[ "mac=00:16:3e:00:00:01,bridge=xenbr77" ]' }, "BridgeMissing"],
    ["a script of its own", { vif: '[ "bridge=xenbr0,script=/tmp/evil" ]' }, "InvalidArgument"],
    ["a device model of its own", { device_model_override: '"/tmp/evil"' }, "SettingOutsideBounds"],
    ["a list that has no field", { pci: '[ "01:00.0" ]' }, "InvalidArgument"],
    ["a bootloader of its own", { bootloader: '"/tmp/evil"' }, "InvalidArgument"],
    ["a serial line into a file", { serial: '"file:/etc/passwd"' }, "InvalidArgument"],
    ["a screen for the whole network", { vnclisten: '"0.0.0.0"' }, "InvalidArgument"],
    ["a firmware of its own", { bios: '"/tmp/evil"' }, "InvalidArgument"],
    ["a disk through a script", { disk: '[ "script=block-evil, vdev=xvda, target=x" ]' }, "InvalidArgument"],
    ["another name", { name: '"vm3"' }, "ConfigurationDiffers"],
    ["another UUID", { uuid: `"${other}"` }, "ConfigurationDiffers"],
  ])("is not started with %s", async (_what, lines, reason) => {
    await write(text(lines));
    expect(await start(text(lines))).toMatchObject({ kind: "refused", reason });
    expect(dom0.read(lockFile)).toBeUndefined();
  });

  it("is connected to a bridge of Open vSwitch, and to a VLAN of it, as far as the owner of the host allows", async () => {
    const on = async (bridge: string, ...allowedBridges: string[]) => {
      const lines = text({ vif: `[ "mac=00:16:3e:00:00:01,bridge=${bridge},script=vif-openvswitch" ]` });
      await write(lines);
      return start(lines, { allowedBridges });
    };
    expect(await on("ovsbr0.20", "ovsbr0.*")).toMatchObject({ kind: "refused", reason: "BridgeMissing" });
    dom0.openVSwitch("ovsbr0");
    expect(await on("ovsbr1.20", "ovsbr*")).toMatchObject({ kind: "refused", reason: "BridgeMissing" });
    expect(await on("ovsbr0.20", "ovsbr0")).toMatchObject({ kind: "refused", reason: "BridgeOutsideBounds" });
    expect(await on("ovsbr0.20", "ovsbr0.2?")).toEqual({ kind: "done", detail: "started id 1" });
  });

  it("is started with settings that the owner of the host allows, for whatever value or for this one", async () => {
    const lines = text({ usbdevice: '"tablet"', cpu_weight: "64" });
    await write(lines);
    const allowed = (...allowedSettings: string[]) => start(lines, { allowedSettings });
    expect(await allowed("usbdevice")).toMatchObject({ kind: "refused", reason: "SettingOutsideBounds" });
    expect(await allowed("usbdevice=mouse", "cpu_weight")).toMatchObject({ reason: "SettingOutsideBounds" });
    expect(await allowed("usbdevice=tablet", "cpu_weight")).toEqual({ kind: "done", detail: "started id 1" });
  });

  it("is not started from another configuration than the one that is meant, nor beside another file system", async () => {
    await write(text());
    expect(await start(text({ memory: "256" }))).toMatchObject({ reason: "ConfigurationDiffers" });
    const elsewhere = { ...lock(), filesystem: "00000000-5b1d-4c7e-9a66-0d1e2f3a4b5c" };
    expect(await start(text(), { lock: elsewhere })).toMatchObject({ reason: "NotMounted" });
    const nowhere = { directory: "/srv/none/x", mountPoint: "/srv/none", filesystem: dom0.filesystem };
    expect(await start(text(), { lock: nowhere })).toMatchObject({ reason: "NotMounted" });
  });

  it("is started from what a XenDomain is rendered to", async () => {
    const { text: rendered } = renderConfiguration(
      "Xl",
      {
        name: "vm2",
        uuid,
        spec: {
          hostRefs: [{ name: "bella" }],
          powerState: "Running",
          shutdown: { timeoutSeconds: 60, onTimeout: "Wait" },
          deletionPolicy: "Retain",
          priority: 0,
          onHostFailure: "Restart",
          memory: "128Mi",
          vcpus: 1,
          type: "PVH",
          boot: { kernel, commandLine: "console=hvc0 quiet" },
          disks: [],
          cdroms: [],
          settings: [],
          networks: [],
          onPoweroff: "Destroy",
          onReboot: "Restart",
          onCrash: "Destroy",
        },
      },
      [
        { device: "xvda", access: "ReadWrite", image: "/srv/xen/vm2.img" },
        { device: "hdc", access: "Cdrom", image: "/srv/xen/debian.iso" },
      ],
    );
    await makeImage();
    dom0.image("/srv/xen/debian.iso", 4096);
    await write(rendered);
    expect(await start(rendered, { templates: ["/srv/xen/*.iso"] })).toEqual({ kind: "done", detail: "started id 1" });
  });

  const withDisk = () => text({ disk: `[ "format=raw, vdev=xvda, access=rw, target=${image}" ]` });
  it.each<[string, () => void, string]>([
    ["that is gone", () => dom0.remove(image), "ImageMissing"],
    [
      "in whose place another file is",
      () => {
        const record = `/srv/xen/.xensan/images/${checksum("vm2.img")}`;
        dom0.write(record, (dom0.read(record) ?? "").replace(/^\d+ \d+$/m, "1 1"));
      },
      "ImageChanged",
    ],
  ])("is not started from an image %s", async (_what, change, reason) => {
    await write(withDisk());
    expect(await makeImage()).toEqual({ kind: "done", detail: "created" });
    change();
    expect(await start(withDisk())).toMatchObject({ kind: "refused", reason });
    expect(await makeImage()).toMatchObject({ kind: "refused", reason });
    expect(dom0.read(lockFile)).toBeUndefined();
    expect(dom0.listed()).toEqual([]);
  });

  it("is not started from an image that nobody recorded, or that another XenDomain or domain has", async () => {
    await write(withDisk());
    dom0.image(image, 2 ** 20);
    expect(await start(withDisk())).toMatchObject({ kind: "refused", reason: "ImageForeign" });
    expect(await makeImage()).toMatchObject({ reason: "ImageForeign" });
    expect(await makeImage({ mayFind: true, owner: { ...owner, name: "vm3" } })).toMatchObject({ detail: "recorded" });
    expect(await start(withDisk())).toMatchObject({ reason: "ImageForeign", message: expect.stringContaining("vm3") });
    expect(await makeImage({ mayFind: true, uuid: other })).toMatchObject({ detail: "recorded" });
    expect(await start(withDisk())).toMatchObject({ reason: "ImageForeign" });
    expect(await makeImage({ mayFind: true })).toMatchObject({ detail: "recorded" });
    expect(await start(withDisk())).toEqual({ kind: "done", detail: "started id 1" });
  });

  it("that somebody else started is neither declared, stopped nor forgotten", async () => {
    dom0.domains([5, "vm2", uuid, "-b----", 9]);
    const declare = (by: typeof owner, adopt: boolean) =>
      dom0.act(writeDomainConfiguration({ owner: by, uuid, text: text(), adopt }));
    expect(await declare(owner, false)).toMatchObject({ kind: "refused", reason: "DomainTaken" });
    expect(await stop()).toMatchObject({ kind: "refused", reason: "DomainTaken" });
    expect(await declare({ ...owner, name: "vm3" }, true)).toEqual({ kind: "done", detail: "written" });
    expect(await declare(owner, true)).toMatchObject({
      reason: "DomainTaken",
      message: expect.stringContaining("vm3"),
    });
    expect(await stop("Destroy")).toMatchObject({ reason: "DomainTaken" });
    expect(await dom0.act(removeDomainConfiguration({ owner, uuid }))).toMatchObject({ reason: "NotOurs" });
    const nobody = stopDomain({ owner: undefined, uuid, how: "Destroy", waitSeconds: 1 });
    expect(await dom0.act(nobody)).toMatchObject({ reason: "DomainTaken" });
    expect(dom0.listed()).toEqual(["vm2 -b----"]);
  });

  it("is the same one's still when the object was created anew", async () => {
    await write(text());
    dom0.domains([5, "vm2", uuid, "-b----", 9]);
    const again = stopDomain({ owner: { ...owner, uid: "2222-bb" }, uuid, how: "Destroy", waitSeconds: 1 });
    expect(await dom0.act(again)).toEqual({ kind: "done", detail: "stopped" });
  });

  it("is not stopped while it moves", async () => {
    dom0.domains([5, "vm2--migratedaway", uuid, "---ss-", 9]);
    expect(await stop("Destroy")).toMatchObject({ reason: "DomainMigrating" });
  });

  it("is destroyed at once when that is asked for", async () => {
    await write(text());
    dom0.domains([5, "vm2", uuid, "-b----", 9]);
    expect(await stop("Destroy")).toEqual({ kind: "done", detail: "stopped" });
  });

  it("is waited for when it does not end in time", async () => {
    dom0.ignoreShutdown(uuid);
    await write(text());
    dom0.domains([5, "vm2", uuid, "-b----", 9]);
    dom0.write(lockFile, `bella ${dom0.bootId} xen/vm2 1111-aa\n`);
    expect(await stop()).toEqual({ kind: "done", detail: "waiting" });
    expect(dom0.read(lockFile)).toBe(`bella ${dom0.bootId} xen/vm2 1111-aa\n`);
  });
};

twins(
  [
    "ensure-image",
    "write-domain-configuration",
    "remove-domain-configuration",
    "start-domain",
    "stop-domain",
    "take-domain-lock",
  ],
  "a domain on one host",
  cases,
);
