import type { AoeDevice, HostFacts } from "../../host/facts.ts";
import type { SharedStorage } from "../../host/migration-actions.ts";
import { addressText } from "../hosts/view.ts";

/**
 * OCFS2 mounts by directory, with what identifies the file system; undefined where that is unknown. An AoE target is
 * the same on every host of a segment.
 */
export function sharedMounts({ mounts, sharedDevices }: HostFacts): ReadonlyMap<string, string | undefined> {
  const devices = sharedDevices.state === "known" ? sharedDevices.value : [];
  const uuids = new Map(
    devices.flatMap(({ superblock, mounts: places }) =>
      places.flatMap(({ mountPoint, access }) =>
        access === "ReadWrite" ? [[mountPoint, superblock?.uuid] as const] : [],
      ),
    ),
  );
  const present =
    mounts.state === "known" ? mounts.value.filter(({ type, root }) => type === "ocfs2" && root === "/") : [];
  return new Map(
    present.map(({ mountPoint, source }) => {
      const target = /^\/dev\/etherd\/e[0-9]+\.[0-9]+$/.test(source) ? source : undefined;
      return [mountPoint, uuids.has(mountPoint) ? uuids.get(mountPoint) : target];
    }),
  );
}

/**
 * What is proved to hold the same content on both hosts: the same OCFS2 on the same directory, and AoE devices of the
 * same address, size and server.
 */
export function sharedStorage(from: HostFacts, to: HostFacts): SharedStorage {
  const there = sharedMounts(to);
  const others = new Map(devicesOf(to).map((device) => [addressText(device), device]));
  const pairs = devicesOf(from).flatMap((device) => {
    const other = others.get(addressText(device));
    return other === undefined ? [] : [{ device, other }];
  });
  /** One address at two servers is two devices. */
  const another = new Set(
    pairs.flatMap(({ device, other }) => (sameTarget(device, other) ? [] : [`/dev/etherd/e${addressText(device)}`])),
  );
  const mountPoints = [...sharedMounts(from)].flatMap(([mountPoint, which]) =>
    which !== undefined && there.get(mountPoint) === which && !another.has(which) ? [mountPoint] : [],
  );
  const mounts = to.mounts.state === "known" ? to.mounts.value : [];
  const hidden = mounts.flatMap(({ mountPoint }) =>
    !mountPoints.includes(mountPoint) && mountPoints.some((above) => mountPoint.startsWith(`${above}/`))
      ? [mountPoint]
      : [],
  );
  const devices = pairs.flatMap(({ device, other }) =>
    sameTarget(device, other) ? [{ shelf: device.shelf, slot: device.slot }] : [],
  );
  return { mountPoints, hidden, devices };
}

const devicesOf = ({ aoeDevices }: HostFacts) => (aoeDevices.state === "known" ? aoeDevices.value : []);

/** Two servers may serve one address on two segments; a MAC address tells them apart. */
const sameTarget = (one: AoeDevice, other: AoeDevice) =>
  one.up &&
  other.up &&
  one.sizeBytes === other.sizeBytes &&
  one.macs.length > 0 &&
  one.macs.length === other.macs.length &&
  one.macs.every((mac) => other.macs.includes(mac));
