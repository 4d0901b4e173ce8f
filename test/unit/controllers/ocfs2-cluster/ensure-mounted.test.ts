import { describe, expect, it } from "vitest";
import { ensureMounted } from "../../../../src/controllers/ocfs2-cluster/ensure-mounted.ts";
import { decision } from "../decision.ts";
import { known, unreachable } from "../facts.ts";
import {
  type Change,
  cluster,
  device,
  mount,
  mountPoint,
  node,
  o2cb,
  only,
  persisted,
  shared,
  superblock,
  unmounted,
  uuid,
  volume,
} from "./observations.ts";

const look = (change: Change = {}) => decision(ensureMounted(cluster(change)));
const says = (condition: string, steps: readonly string[] = []) =>
  only({ conditions: [`Mounted ${condition}`], steps });
const good = says("True Mounted: /srv/data mounted on bella, brutus, now and after a reboot");
const mounts = (host: string) =>
  `XenHost ${host} mount-filesystem san/data 1 ${device} ${uuid} data /srv/data nosuid,nodev,noexec /mnt/* /srv/* [DATA]`;
const unmounts = (host: string, place = "/srv/data") =>
  `XenHost ${host} unmount-filesystem san/data 1 ${device} ${uuid} ${place} [DATA]`;
const entry = (rest: Parameters<typeof persisted>[0]) => ({
  mountPoints: known([mountPoint({ persisted: persisted(rest) })]),
});

describe("a file system that is mounted", () => {
  it.each([device, `UUID=${uuid}`, `UUID="${uuid.toUpperCase()}"`, `/dev/disk/by-uuid/${uuid}`, "LABEL=DATA"])(
    "comes back after a reboot by an fstab entry of %s",
    (source) => {
      expect(look({ bella: entry({ source }) })).toEqual(good);
    },
  );

  it.each([
    ["another device", { source: "/dev/etherd/e0.11" }],
    ["another UUID", { source: "UUID=00000000-5b1d-4c7e-9a66-0d1e2f3a4b5c" }],
    ["a partition", { source: `PARTUUID=${uuid}` }],
    ["a snapshot", { source: `/dev/mapper/snapshot-${uuid}` }],
    ["another label", { source: "LABEL=DATA2" }],
    ["a link to another label", { source: "/dev/disk/by-label/OTHER" }],
    ["another cluster", { owner: "san/other 2" }],
    ["a former object of the name", { owner: "san/data 0" }],
    ["other options", { options: ["_netdev"] }],
  ])("does not by an entry for %s: it is written anew", (_name, rest) => {
    expect(look({ bella: entry(rest) })).toEqual(
      says("False Progressing: DATA on bella: is mounted, but would not be mounted in the same way after a reboot", [
        mounts("bella"),
      ]),
    );
  });

  it("gets the options that keep its files from doing harm", () => {
    expect(look({ bella: { sharedDevices: known([shared({ mounts: [mount({ options: ["rw"] })] })]) } })).toEqual(
      says(
        "False Progressing: DATA on bella: is mounted with none of nosuid, nodev and noexec and is being remounted with the options of the spec",
        [mounts("bella")],
      ),
    );
  });

  it("does not get an option that the owner of the host does not allow", () => {
    const filesystems = [
      {
        ...{ label: "DATA", volumeRef: { name: "data" }, mountPoint: "/srv/data", nodeSlots: 4 },
        mountOptions: ["exec"],
      },
    ];
    const condition = (host: string) =>
      `DATA on ${host}: is mounted without exec, which allowed.mountOptions of XenHost ${host} does not list: remove it from mountOptions, or have the owner of the host allow it`;
    expect(look({ spec: { filesystems } })).toEqual(
      says(`False MountOptionOutsideBounds: ${condition("bella")}; ${condition("brutus")}`),
    );
  });

  it.each<[string, Change["bella"]]>([
    [
      `False WrongFilesystem: DATA on bella: ${device} holds 00000000-5b1d-4c7e-9a66-0d1e2f3a4b5c, not ${uuid}`,
      {
        sharedDevices: known([shared({ superblock: superblock({ uuid: "00000000-5b1d-4c7e-9a66-0d1e2f3a4b5c" }) })]),
      },
    ],
    [
      "False MountedElsewhere: DATA on bella: is mounted on /mnt/hand instead of /srv/data: unmount it there",
      { sharedDevices: known([shared({ mounts: [mount({ mountPoint: "/mnt/hand" })] })]) },
    ],
    [
      "Unknown FactsUnknown: DATA on bella: the mount state is not known yet: blkid failed",
      { sharedDevices: { state: "unknown", why: "blkid failed" } },
    ],
    [
      "Unknown FactsUnknown: DATA on bella: the mount state is not known yet",
      { mountPoints: { state: "unknown", why: "fstab" } },
    ],
    [
      "Unknown NodeUnreachable: DATA on bella: cannot be reached (Unreachable): no route to host",
      (one) => ({ ...one, view: unreachable }),
    ],
    ["Unknown Pending: DATA on bella: Waiting for a probe", (one) => ({ ...one, trusted: false })],
  ])("is left alone on a node that says %s", (condition, bella) => {
    expect(look({ bella })).toEqual(says(condition));
  });

  it("is unmounted where it was recorded before, to be mounted where the spec says", () => {
    const former = { filesystem: { recorded: { label: "DATA", uuid, device, mountPoint: "/mnt/old" } } };
    const there = { sharedDevices: known([shared({ mounts: [mount({ mountPoint: "/mnt/old" })] })]) };
    expect(look({ ...former, bella: there })).toEqual(
      says("False Progressing: DATA on bella: is being moved from /mnt/old to /srv/data", [
        unmounts("bella", "/mnt/old"),
      ]),
    );
    const atBoot = { ...unmounted(), mountPoints: known([mountPoint({ path: "/mnt/old" })]) };
    expect(look({ ...former, bella: atBoot })).toEqual(
      says("False Progressing: DATA on bella: would be mounted on /mnt/old at the next boot", [
        unmounts("bella", "/mnt/old"),
      ]),
    );
  });
});

describe("a file system that is not mounted", () => {
  it("is mounted", () => {
    expect(look({ bella: unmounted() })).toEqual(
      says("False Progressing: DATA on bella: is being mounted", [mounts("bella")]),
    );
  });

  it.each<[string, Change]>([
    [
      "Unknown NotFormatted: DATA on bella: will be mounted after it is formatted; DATA on brutus: will be mounted after it is formatted",
      { filesystem: { recorded: undefined } },
    ],
    [
      "False VolumeNotFound: DATA on bella: AoeVolume data does not exist",
      { filesystem: { volume: { state: "NotFound", name: "data" } } },
    ],
    [
      "False VolumeInOtherCluster: DATA on bella: AoeVolume data belongs to the older Ocfs2Cluster old",
      {
        filesystem: {
          volume: { state: "Taken", name: "data", message: "AoeVolume data belongs to the older Ocfs2Cluster old" },
        },
      },
    ],
    [
      `False DeviceMissing: DATA on bella: ${device} does not exist`,
      { bella: unmounted({ content: "Missing", superblock: undefined }) },
    ],
    [
      `False DeviceMissing: DATA on bella: ${device} cannot be read`,
      { bella: unmounted({ content: "Unreadable", superblock: undefined }) },
    ],
    [
      `False FilesystemMissing: DATA on bella: ${device} no longer holds the file system`,
      { bella: unmounted({ content: "Blank", superblock: undefined }) },
    ],
    [
      "False VolumeNotReady: DATA on bella: AoeVolume data does not report that bella sees the volume: another server answers",
      { filesystem: { volume: volume({ attached: ["brutus"], problem: "another server answers" }) } },
    ],
    [
      "False NotOnline: DATA on bella: will be mounted after the cluster is online on the host",
      { bella: { ...unmounted(), o2cb: known(o2cb({ active: undefined })) } },
    ],
    [
      "False PendingRestart: DATA on bella: stays unmounted until the new timeouts are active: unmount brutus first",
      { spec: { timeouts: { heartbeatThreshold: 61 } } },
    ],
    [
      "False ForeignHeartbeat: DATA on bella: node number 7, which is not a mounted node of this cluster, writes a heartbeat to the file system: unmount the file system there",
      { filesystem: { strangers: { kind: "Alive", numbers: [7] } } },
    ],
  ])("is not mounted where its cluster says %s", (condition, change) => {
    expect(look({ bella: unmounted(), ...change })).toEqual(says(condition));
  });

  it("waits for the node slots that the spec says", () => {
    const few = unmounted({ superblock: superblock({ nodeSlots: 2 }) });
    expect(look({ bella: few, brutus: few })).toEqual(
      says(
        "False Progressing: DATA on bella: will be mounted after it has the node slots of the spec; DATA on brutus: will be mounted after it has the node slots of the spec",
      ),
    );
  });

  it("waits for a node that still has the place of another", () => {
    const others = [{ ...node("carl"), number: 1, listed: false }];
    expect(look({ brutus: unmounted(), others })).toEqual(
      says("False NodeLeaving: DATA on brutus: waits until the former node has left"),
    );
  });
});

describe("a file system that was taken out of the spec", () => {
  const gone = { filesystem: { spec: undefined } };
  const nothing = says("True Mounted: DATA on bella: is not mounted; DATA on brutus: is not mounted");

  it("is unmounted where it is mounted", () => {
    expect(look({ ...gone, brutus: unmounted() })).toEqual(
      says("False NodeLeaving: DATA on bella: is being unmounted from /srv/data", [unmounts("bella")]),
    );
  });

  it("is unmounted where it would be mounted at the next boot", () => {
    const atBoot = { ...unmounted(), mountPoints: known([mountPoint()]) };
    expect(look({ ...gone, bella: atBoot, brutus: unmounted() })).toEqual(
      says("False NodeLeaving: DATA on bella: is being unmounted from /srv/data", [unmounts("bella")]),
    );
  });

  it("has nothing to be undone where nothing of it is left", () => {
    expect(look({ ...gone, bella: unmounted(), brutus: unmounted() })).toEqual(nothing);
  });

  it.each<[string, Change]>([
    ["it never had a UUID", { filesystem: { spec: undefined, recorded: { label: "DATA", device } } }],
    [
      "nobody ever reached the node",
      { ...gone, bella: (one) => ({ ...one, view: unreachable, neverReached: true }), brutus: unmounted() },
    ],
  ])("has nothing to be undone where %s", (_name, change) => {
    expect(look(change)).toEqual(nothing);
  });

  it.each<[string, Change["bella"]]>([
    [
      "Unknown NodeUnreachable: DATA on bella: cannot be reached (Unreachable): no route to host",
      (one) => ({ ...one, view: unreachable }),
    ],
    [
      "Unknown FactsUnknown: DATA on bella: the mount state is not known yet: blkid failed",
      { sharedDevices: { state: "unknown", why: "blkid failed" } },
    ],
  ])("is not called gone on a node that says %s", (condition, bella) => {
    expect(look({ ...gone, bella, brutus: unmounted() })).toEqual(says(condition));
  });
});
