import { describe, expect, it } from "vitest";
import { ensureExport, removeExport, revalidate } from "../../../src/host/actions.ts";
import {
  addNodeSlots,
  formatFilesystem,
  growFilesystem,
  mountFilesystem,
  unmountFilesystem,
} from "../../../src/host/ocfs2-actions.ts";
import { plannedFaults } from "../../../src/sim/faults.ts";
import {
  clusterFacts,
  device,
  dom0s,
  exportedStage,
  formatRequest,
  mountedStage,
  mountPoint,
  mountRequest,
  onlineStage,
  rackWith,
  uuid,
} from "./cluster-stage.ts";
import { allowedBackings, known, owner } from "./tutorial.ts";

const refusedWith = (reason: string, message: string) => ({ kind: "refused", reason, message });

describe("a format", () => {
  it.each([
    ["ext4", { signature: "ext4" }, "ext4: UUID="],
    ["LVM", { signature: "LVM2_member" }, "LVM2_member: UUID="],
    ["LUKS", { signature: "crypto_LUKS" }, "crypto_LUKS: UUID="],
    ["a partition table", { signature: "gpt" }, "gpt: PTUUID="],
    ["another OCFS2", { signature: "ocfs2", ocfs2: { label: "DATA", cluster: "othercl" } }, "OCFS2, label DATA, UUID"],
    ["anything that is not zero", { data: true }, "no signature, but its first or last MiB is not zero"],
  ])("is refused over %s", async (_what, disk, words) => {
    const stage = await onlineStage({ file: rackWith(disk) });
    expect(await stage.act("bella", formatFilesystem(formatRequest))).toEqual(
      refusedWith("NotBlank", expect.stringContaining(words)),
    );
    expect(stage.happened("FormatBegun")).toEqual([]);
  });

  it("is refused while a stranger beats there", async () => {
    const stage = await onlineStage({ file: rackWith({ signature: "ocfs2" }) });
    stage.rack.ocfs2.strangerBeats("bella", device, 7);
    expect(await stage.act("bella", formatFilesystem(formatRequest))).toMatchObject({ reason: "HeartbeatActive" });
    const beats = async () => known((await clusterFacts(stage, "bella")).sharedDevices)[0]?.heartbeats;
    const before = await beats();
    stage.pass(5);
    expect([before, await beats()]).toEqual([
      [{ node: 7, sequence: "000000006955b91d" }],
      [{ node: 7, sequence: "000000006955b921" }],
    ]);
    stage.rack.ocfs2.strangerStops("bella", device, 7);
    const silent = await beats();
    stage.pass(5);
    expect(await beats()).toEqual(silent);
  });

  it("is refused for another size and for another server", async () => {
    const stage = await onlineStage();
    const other = { ...formatRequest, sizeBytes: 2 ** 30 };
    const server = { ...formatRequest, server: "backup" };
    expect(await stage.act("bella", formatFilesystem(other))).toEqual(
      refusedWith("SizeDiffers", `${device} has ${2 ** 31} bytes, the volume ${2 ** 30}`),
    );
    expect(await stage.act("bella", formatFilesystem(server))).toEqual(
      refusedWith("WrongServer", "e0.1 is served by san, not by backup"),
    );
  });

  it("that loses its host is never begun again", async () => {
    const stage = await onlineStage({
      faults: plannedFaults([
        {
          script: "format-filesystem",
          at: "Step",
          step: 7,
          fault: { kind: "Event", name: "reset", act: (world, host) => world.fence(host, "in the middle") },
        },
      ]),
    });
    await stage.run("bella", formatFilesystem(formatRequest)).catch(() => undefined);
    stage.pass(120);
    expect(known((await clusterFacts(stage, "bella")).formats)).toEqual([
      { uuid, device, state: "Interrupted", owner: "san/data 0a1b" },
    ]);
    expect(await stage.act("bella", formatFilesystem(formatRequest))).toMatchObject({ reason: "FormatInterrupted" });
    const again = { ...formatRequest, uuid: "20e7556d-4732-44bc-9767-e8f7299afe1d" };
    expect(await stage.act("bella", formatFilesystem(again))).toMatchObject({ reason: "FormatInterrupted" });
    expect(stage.rack.events.filter((event) => event.kind === "FormatBegun")).toHaveLength(1);
    expect(stage.rack.events.filter((event) => event.kind === "FilesystemFormatted")).toEqual([]);
  });

  it("goes on to its end when the connection is cut", async () => {
    const stage = await onlineStage({
      faults: plannedFaults([{ script: "format-filesystem", at: "Step", step: 7, fault: { kind: "Drop" } }]),
    });
    await stage.run("bella", formatFilesystem(formatRequest)).catch(() => undefined);
    expect(known((await clusterFacts(stage, "bella")).formats)).toMatchObject([{ state: "Running" }]);
    expect(await stage.act("bella", formatFilesystem(formatRequest))).toMatchObject({ kind: "busy" });
    stage.pass(30);
    expect(known((await clusterFacts(stage, "bella")).formats)).toMatchObject([{ state: "Done" }]);
    expect(await stage.act("bella", formatFilesystem(formatRequest))).toEqual({ kind: "done", detail: "unchanged" });
  });

  it("that is there no more is told, and not made again", async () => {
    const stage = await onlineStage();
    await stage.act("bella", formatFilesystem(formatRequest));
    stage.rack.ocfs2.overwrite("san", "/dev/vdb", { signature: "" });
    expect(await stage.act("bella", formatFilesystem(formatRequest))).toEqual(
      refusedWith("WrongFilesystem", `${uuid} was made on ${device} but is no longer there: no signature`),
    );
  });
});

describe("a mount", () => {
  it("is refused where it is not wanted", async () => {
    const stage = await onlineStage();
    await stage.act("bella", formatFilesystem(formatRequest));
    const mount = (change: object) => stage.act("bella", mountFilesystem({ ...mountRequest, ...change }));
    expect(await mount({ mountPoint: "/opt/xen" })).toEqual(
      refusedWith("MountPointOutsideBounds", "/opt/xen is not in allowed.mountPoints"),
    );
    expect(await mount({ mountPoint: "/etc", allowedMountPoints: ["/*"] })).toEqual(
      refusedWith("MountPointNotUsable", "/etc is a system directory"),
    );
    expect(await mount({ uuid: "20e7556d-4732-44bc-9767-e8f7299afe1d" })).toMatchObject({ reason: "WrongFilesystem" });
    expect(await mount({ device: "/dev/etherd/e0.9" })).toEqual(
      refusedWith("DeviceMissing", "/dev/etherd/e0.9 is not a block device"),
    );
    stage.rack.ocfs2.mount("bella", device, "/root");
    stage.pass(10);
    expect(await mount({})).toEqual(refusedWith("MountedElsewhere", `${device} is mounted on /root`));
  });

  it("is refused over files, without a cluster, and where fstab mounts something else", async () => {
    const stage = await exportedStage({
      file: rackWith({ signature: "ocfs2", ocfs2: { label: "A", cluster: "labclus" } }),
    });
    const found = stage.rack.ocfs2.superblockOf("bella", device)?.uuid ?? "";
    const mount = () => stage.act("bella", mountFilesystem({ ...mountRequest, uuid: found }));
    expect(await mount()).toEqual(refusedWith("ClusterOffline", "the cluster labclus is not online on this host"));
    stage.rack.writeFile("bella", "/etc/fstab", `/dev/vdz ${mountPoint} ext4 defaults 0 0\n`);
    expect(await mount()).toEqual(refusedWith("MountPointInUse", "/etc/fstab mounts /dev/vdz on /srv/xen"));
  });

  it("waits for those who use it, and names them", async () => {
    const stage = await mountedStage();
    stage.rack.ocfs2.addUser("bella", mountPoint, "process 5278 sleep");
    expect(await stage.act("bella", unmountFilesystem(mountRequest))).toEqual(
      refusedWith("FilesystemInUse", "/srv/xen is used by process 5278 sleep"),
    );
    stage.rack.ocfs2.removeUser("bella", mountPoint, "process 5278 sleep");
    expect(await stage.act("bella", unmountFilesystem(mountRequest))).toEqual({ kind: "done", detail: "unmounted" });
    expect(stage.rack.ocfs2.writeIn("bella", `${mountPoint}/x`, "on the root")).toBe("Written");
    expect(await stage.act("bella", mountFilesystem(mountRequest))).toEqual(
      refusedWith("MountPointNotEmpty", "/srv/xen is not empty: x"),
    );
  });

  it("turns read-only on one host after an error, and the other writes on", async () => {
    const stage = await mountedStage();
    stage.rack.ocfs2.remountReadOnly("bella", mountPoint);
    expect(stage.rack.ocfs2.writeIn("bella", `${mountPoint}/x`, "x")).toBe("Read-only file system");
    expect(stage.rack.ocfs2.writeIn("brutus", `${mountPoint}/x`, "x")).toBe("Written");
    const facts = await clusterFacts(stage, "bella");
    expect(known(facts.sharedDevices)[0]?.mounts[0]?.access).toBe("ReadOnly");
    expect(known(facts.kernelTroubles)).toMatchObject([{ kind: "Ocfs2Error", subject: "etherd/e0.1", count: 1 }]);
  });

  it("shows the AoE device as used by it", async () => {
    const stage = await mountedStage();
    const [aoe] = known((await clusterFacts(stage, "bella")).aoeDevices);
    expect(aoe?.users).toEqual(["mount /srv/xen"]);
  });
});

describe("a grown volume", () => {
  it("makes a grown file system, and more node slots once nobody has it mounted", async () => {
    const file = rackWith({});
    const stage = await mountedStage({ file });
    const disk = [...stage.rack.host("san").blocks.values()].find(({ path }) => path === "/dev/vdb");
    if (disk === undefined) throw new Error("no vdb");
    disk.sizeBytes = 3 * 2 ** 30;
    const san = [{ name: "eth1", segment: "rack" }];
    const request = {
      owner,
      shelf: 0,
      slot: 1,
      interface: "eth1",
      interfaces: san,
      backing: "/dev/vdb",
      options: [],
      allowedBackings,
    };
    // A disk that reports no identity is recognized only by its size.
    await stage.act("san", ensureExport({ ...request, restart: "Always", replaces: `unnamed:${2 ** 31}` }));
    for (const name of dom0s) {
      const grown = revalidate({ shelf: 0, slot: 1, expectBytes: 3 * 2 ** 30 });
      expect(await stage.act(name, grown)).toEqual({ kind: "done", detail: `bytes ${3 * 2 ** 30}` });
    }
    const grow = growFilesystem({ device, uuid });
    expect(await stage.act("brutus", grow)).toEqual({ kind: "done", detail: `grown bytes ${3 * 2 ** 30}` });
    expect(await stage.act("bella", grow)).toEqual({ kind: "done", detail: `unchanged bytes ${3 * 2 ** 30}` });
    const slots = addNodeSlots({ device, uuid, nodeSlots: 4 });
    expect(await stage.act("bella", slots)).toMatchObject({
      reason: "GrowFailed",
      message: expect.stringContaining(
        "node slots can be added only while no host has the file system mounted: tunefs.ocfs2: Trylock failed",
      ),
    });
    for (const name of dom0s) await stage.act(name, unmountFilesystem(mountRequest));
    expect(await stage.act("bella", slots)).toEqual({ kind: "done", detail: "added" });
    expect(await stage.act("bella", slots)).toEqual({ kind: "done", detail: "unchanged" });
  });
});

describe("a device that nobody serves any more", () => {
  it("makes one probe wait for the deadline, the next say so at once, and is unreadable when the driver gave it up", async () => {
    const stage = await exportedStage();
    await stage.act("san", removeExport({ owner, shelf: 0, slot: 1, interface: "eth1" }));
    const before = stage.clock.now();
    expect((await clusterFacts(stage, "bella")).sharedDevices).toEqual({
      state: "unknown",
      why: "no answer within 20 seconds",
    });
    expect(stage.clock.now() - before).toBeGreaterThan(11_000);
    const again = stage.clock.now();
    expect((await clusterFacts(stage, "bella")).sharedDevices).toMatchObject({ state: "unknown" });
    expect(stage.clock.now() - again).toBeLessThan(5000);
    stage.pass(200);
    expect(known((await clusterFacts(stage, "bella")).sharedDevices)).toMatchObject([{ content: "Unreadable" }]);
  });
});
