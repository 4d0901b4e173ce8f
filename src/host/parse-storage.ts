import type { BlockDevice, LogicalVolume, Mount } from "./facts.ts";
import type { Rows } from "./probe-sections.ts";
import { deviceNumber, each, field, type Lost, once, plain, Unparseable, wholeNumber } from "./rows.ts";

/** Section `block` of the probe, with the mount points of each device. Sizes in bytes. */
export function parseBlockDevices(rows: Rows, lost: Lost, mounts: readonly Mount[]): BlockDevice[] {
  const mountPoints = new Map<string, string[]>();
  for (const { device, source, mountPoint } of mounts) {
    // A file system with its own device number (btrfs) is found by its source.
    for (const key of new Set([device, source])) {
      const known = mountPoints.get(key);
      if (known === undefined) mountPoints.set(key, [mountPoint]);
      else known.push(mountPoint);
    }
  }
  return each(once(once(rows, lost, 0), lost, 1), lost, (row) => {
    const path = plain(field(row, 0, "a path"));
    if (path === "") throw new Unparseable("it has no path");
    const device = deviceNumber(row, 1);
    const signature = field(row, 4, "a signature");
    const holders = field(row, 5, "holders");
    return {
      path,
      device,
      sizeBytes: wholeNumber(row, 2, "the size"),
      type: field(row, 3, "a type"),
      signature: signature === "-" ? undefined : signature,
      mountPoints: [...new Set([...(mountPoints.get(device) ?? []), ...(mountPoints.get(path) ?? [])])],
      holders: holders === "" ? [] : holders.split(","),
    };
  });
}

/** Section `mounts` of the probe, from /proc/self/mountinfo. */
export function parseMounts(rows: Rows, lost: Lost): Mount[] {
  return each(rows, lost, (row) => ({
    device: deviceNumber(row, 0),
    root: plain(field(row, 1, "a root")),
    mountPoint: plain(field(row, 2, "a mount point")),
    type: field(row, 3, "a type"),
    source: plain(field(row, 4, "a source")),
    options: field(row, 5, "options").split(","),
  }));
}

/** Section `lvm` of the probe, from `lvs`. Sizes in bytes. */
export function parseLogicalVolumes(rows: Rows, lost: Lost): LogicalVolume[] {
  return each(rows, lost, (row) => ({
    volumeGroup: field(row, 0, "a volume group"),
    name: field(row, 1, "a name"),
    sizeBytes: wholeNumber(row, 2, "the size"),
    path: field(row, 3, "a path"),
    volumeGroupFreeBytes: wholeNumber(row, 4, "the free space"),
    owner: ownerOf(field(row, 5, "tags")),
    ...(row.length > 6 ? { blankedBytes: wholeNumber(row, 6, "the bytes that are blank") } : {}),
  }));
}

/** `namespace/name uid` of the tag `xensan:namespace/name:uid`. */
function ownerOf(tags: string): string {
  const groups = /(?:^|,)xensan:(?<object>[^:,]+):(?<uid>[^:,]+)(?:,|$)/.exec(tags)?.groups;
  return groups === undefined ? "" : `${groups.object} ${groups.uid}`;
}
