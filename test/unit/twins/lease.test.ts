import { createHash } from "node:crypto";
import { beforeEach, expect, it } from "vitest";
import { probe } from "../../../src/host/actions.ts";
import {
  endLease,
  holdLease,
  startDomain,
  stopDomain,
  writeDomainConfiguration,
} from "../../../src/host/domain-actions.ts";
import { deleteImage, ensureImage } from "../../../src/host/image-actions.ts";
import { settleMigration } from "../../../src/host/migration-actions.ts";
import { type TwinBench, twins } from "./bench.ts";

const uuid = "37baabc6-98d5-48a2-9634-a38b12e29c45";
const owner = { namespace: "xen", name: "vm2", uid: "1111-aa" };
const boot = "11111111-2222-4333-8444-555555555555";
const image = "/srv/xen/vm2.img";
const media = "/srv/xen/media.img";
const lockFile = `/srv/xen/.xensan/${uuid}.lock`;
const text = `name = "vm2"
uuid = "${uuid}"
type = "pvh"
memory = 128
kernel = "/boot/vmlinuz-6.1"
disk = [ "format=raw, vdev=xvda, access=rw, target=${image}", "format=raw, vdev=xvdb, access=ro, target=${media}" ]
`;

const cases = (dom0: TwinBench) => {
  beforeEach(async () => {
    dom0.write("/boot/vmlinuz-6.1", "a kernel");
    for (const path of [image, media])
      await dom0.act(
        ensureImage({
          ...{ owner, uuid, path, mountPoint: "/srv/xen", filesystem: dom0.filesystem },
          ...{ sizeBytes: 2 ** 20, mayFind: false },
        }),
      );
    await dom0.act(writeDomainConfiguration({ owner, uuid, text, adopt: true }));
  });

  const shares = () => [{ mountPoint: "/srv/xen", filesystem: dom0.filesystem }];
  const start = (supersedes?: { host: string; bootId: string }) =>
    dom0.act(
      startDomain({
        ...{ owner, uuid, name: "vm2", digest: createHash("sha256").update(text).digest("hex"), shares: shares() },
        lock: { directory: "/srv/xen/.xensan", mountPoint: "/srv/xen", filesystem: dom0.filesystem },
        ...{ allowedBootFiles: ["/boot/*"], allowedBridges: [] },
        ...(supersedes === undefined ? {} : { supersedes }),
      }),
    );
  const hold = (arrivingSeconds = 0) =>
    dom0.act(
      holdLease({
        ...{ owner, uuid, lockDirectory: "/srv/xen/.xensan", shares: shares(), arrivingSeconds },
        images: [
          { path: image, access: "ReadWrite" },
          { path: media, access: "ReadOnly" },
        ],
      }),
    );
  /** Uptime in seconds until which the lease is held even if the domain is not seen, as the probe prints it. */
  const heldUntil = async () => Number((await told()).trim().split("\t").at(-1));
  const drop = async (until?: number) => dom0.act(endLease({ owner, uuid, until: until ?? (await heldUntil()) }));
  const stop = () => dom0.act(stopDomain({ owner, uuid, how: "Destroy", waitSeconds: 5 }));
  const deletion = () =>
    dom0.act(deleteImage({ owner, path: image, mountPoint: "/srv/xen", filesystem: dom0.filesystem }));
  const leased = () => [image, media].map((path) => dom0.isLeased(path));
  const told = () => dom0.look(probe({ roles: ["Client"], segments: [], backings: [] }), ["domains lease"]);

  it("is held from the start to the stop", async () => {
    expect(leased()).toEqual([false, false]);
    expect(await told()).toBe("");
    expect(await start()).toEqual({ kind: "done", detail: "started id 1" });
    expect(leased()).toEqual([true, true]);
    expect(await told()).toMatch(new RegExp(`^domains\tlease\t${uuid}\t[1-9][0-9]*\n$`));
    expect(await hold()).toEqual({ kind: "done", detail: "unchanged" });
    expect(await drop(0)).toMatchObject({ kind: "refused", reason: "DomainRunning" });
    expect(await stop()).toEqual({ kind: "done", detail: "stopped" });
    expect(leased()).toEqual([false, false]);
    expect(await told()).toBe("");
  });

  it("of another host refuses a start, which leaves nothing behind", async () => {
    dom0.leasedElsewhere(image, "Shared");
    expect(await start()).toEqual({
      kind: "refused",
      reason: "ImageLeased",
      message: `the lease of ${image} is held by a domain or a deletion; no lock file names it`,
    });
    dom0.write(lockFile, `brutus ${boot} xen/vm2 1111-aa\n`);
    expect(await start({ host: "brutus", bootId: boot })).toEqual({
      kind: "refused",
      reason: "ImageLeased",
      message: `the lease of ${image} is held by a domain or a deletion; ${lockFile} names brutus since its boot ${boot} for xen/vm2 1111-aa`,
    });
    expect(dom0.read(lockFile)).toBe(`brutus ${boot} xen/vm2 1111-aa\n`);
    expect(dom0.listed()).toEqual([]);
    expect(leased()).toEqual([true, false]);
  });

  it("of another host on what is only read refuses nothing", async () => {
    dom0.leasedElsewhere(media, "Shared");
    expect(await start()).toEqual({ kind: "done", detail: "started id 1" });
  });

  it("ends with a start that is refused later, or fails", async () => {
    dom0.write(lockFile, `brutus ${boot} xen/vm2 1111-aa\n`);
    expect(await start()).toMatchObject({ kind: "refused", reason: "DomainLocked" });
    expect(leased()).toEqual([false, false]);
    dom0.remove(lockFile);
    dom0.failCreate("libxl: error: it does not work");
    expect(await start()).toMatchObject({ kind: "refused", reason: "StartFailed" });
    expect(leased()).toEqual([false, false]);
  });

  it("is held beside the source by the target of a migration, and ends with the copy that did not arrive", async () => {
    dom0.leasedElsewhere(image, "Shared");
    expect(await hold()).toMatchObject({ kind: "refused", reason: "DomainMissing" });
    expect(await hold(600)).toEqual({ kind: "done", detail: "held" });
    expect(leased()).toEqual([true, true]);
    expect(await hold(600)).toEqual({ kind: "done", detail: "unchanged" });
    dom0.domains([5, "vm2--incoming", uuid, "--p---", 0]);
    const settle = settleMigration({ owner, uuid, name: "vm2", action: "DestroyIncoming" });
    expect(await dom0.act(settle)).toEqual({ kind: "done", detail: "destroyed" });
    expect(leased()).toEqual([true, false]);
  });

  it("is refused to the target while somebody holds an image alone, or where there is none", async () => {
    dom0.leasedElsewhere(image, "Exclusive");
    expect(await hold(600)).toMatchObject({ kind: "refused", reason: "ImageLeased" });
    dom0.remove(media);
    expect(await hold(600)).toEqual({
      kind: "refused",
      reason: "ImageMissing",
      message: `there is no file ${media}`,
    });
    expect(leased()).toEqual([true, false]);
  });

  it("ends where no domain has come, and not while one is on its way", async () => {
    expect(await drop(0)).toEqual({ kind: "done", detail: "absent" });
    expect(await hold(600)).toEqual({ kind: "done", detail: "held" });
    dom0.atWork("migrate-receive");
    expect(await drop(0)).toMatchObject({ kind: "refused", reason: "DomainMigrating" });
    expect(leased()).toEqual([true, true]);
  });

  it("stays where a domain is to arrive after all: a command that was sent before ends nothing", async () => {
    expect(await hold(600)).toEqual({ kind: "done", detail: "held" });
    const seen = await heldUntil();
    expect(await hold(600)).toEqual({ kind: "done", detail: "unchanged" });
    expect(await heldUntil()).toBeGreaterThan(seen);
    expect(await drop(seen)).toEqual({ kind: "done", detail: "renewed" });
    expect(leased()).toEqual([true, true]);
    expect(await drop()).toEqual({ kind: "done", detail: "ended" });
    expect(leased()).toEqual([false, false]);
  });

  it("ends where no domain has come", async () => {
    expect(await hold(600)).toEqual({ kind: "done", detail: "held" });
    expect(await drop()).toEqual({ kind: "done", detail: "ended" });
    expect(leased()).toEqual([false, false]);
  });

  it("is taken again for a domain whose holder was killed", async () => {
    expect(await start()).toEqual({ kind: "done", detail: "started id 1" });
    dom0.killHolder(uuid);
    expect(leased()).toEqual([false, false]);
    expect(await told()).toBe("");
    expect(await hold()).toEqual({ kind: "done", detail: "held" });
    expect(leased()).toEqual([true, true]);
  });

  it("keeps an image from being deleted", async () => {
    dom0.leasedElsewhere(image, "Shared");
    expect(await deletion()).toEqual({
      kind: "refused",
      reason: "ImageLeased",
      message: `the lease of ${image} is held by a domain or a deletion`,
    });
    expect(dom0.read(image)).toBeDefined();
  });
};

twins(
  ["hold-lease", "end-lease", "start-domain", "stop-domain", "settle-migration", "delete-image"],
  "the lease of a domain on its images",
  cases,
);
