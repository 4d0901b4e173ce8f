import { expect, it } from "vitest";
import { sharedStorage } from "../../../../src/controllers/xen-migration/shared-storage.ts";
import type { AoeDevice, HostFacts, Mount } from "../../../../src/host/facts.ts";
import { facts, known } from "../facts.ts";

const mount = (mountPoint: string, source = "/dev/etherd/e0.1", type = "ocfs2"): Mount => ({
  ...{ device: "152:240", root: "/", source, mountPoint, type, options: [] },
});
const device = (slot: number, change: Partial<AoeDevice> = {}): AoeDevice => ({
  ...{ shelf: 0, slot, up: true, flags: [], macs: ["52:54:00:00:00:01"], interfaces: ["eth1"], payload: 1024 },
  ...{ sizeBytes: 2 ** 30, users: [] },
  ...change,
});
const host = (mounts: readonly Mount[], aoeDevices: readonly AoeDevice[] = []): HostFacts =>
  facts({ mounts: known(mounts), aoeDevices: known(aoeDevices) });

it("is what both hosts have mounted at the same directory, without what another mount hides there", () => {
  const from = host([mount("/srv/xen"), mount("/srv/b", "/dev/etherd/e0.2"), mount("/srv/c", "/dev/sdb")]);
  const to = host([
    ...[mount("/srv/xen"), mount("/srv/b", "/dev/etherd/e0.3"), mount("/srv/c", "/dev/sdb")],
    ...[mount("/srv/xen/iso", "/dev/sdc", "ext4"), mount("/srv/other", "/dev/sdd", "ext4")],
  ]);
  expect(sharedStorage(from, to)).toEqual({ mountPoints: ["/srv/xen"], hidden: ["/srv/xen/iso"], devices: [] });
});

it.each<[string, Partial<AoeDevice>]>([
  ["another server", { macs: ["52:54:00:00:00:02"] }],
  ["a second server beside it", { macs: ["52:54:00:00:00:01", "52:54:00:00:00:02"] }],
  ["no server", { macs: [] }],
  ["another size", { sizeBytes: 2 ** 31 }],
  ["a target that is down", { up: false }],
])("is no AoE device that has %s on the target, nor the file system on it", (_what, change) => {
  const from = host([mount("/srv/xen")], [device(1), device(2)]);
  const to = host([mount("/srv/xen")], [device(1, change), device(2), device(3)]);
  expect(sharedStorage(from, to)).toEqual({ mountPoints: [], hidden: [], devices: [{ shelf: 0, slot: 2 }] });
  expect(sharedStorage(from, from).mountPoints).toEqual(["/srv/xen"]);
});

it("is found in linear time: thousands of devices, which a neighbour on the segment may announce, cost milliseconds", () => {
  const many = Array.from({ length: 4000 }, (_, index) => device(index));
  const [from, to] = [host([], many), host([], many.toReversed())];
  const before = process.cpuUsage().user;
  expect(sharedStorage(from, to).devices).toHaveLength(4000);
  expect((process.cpuUsage().user - before) / 1000).toBeLessThan(200);
});
