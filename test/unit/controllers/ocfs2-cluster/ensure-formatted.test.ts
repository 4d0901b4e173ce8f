import { describe, expect, it } from "vitest";
import { ensureFormatted } from "../../../../src/controllers/ocfs2-cluster/ensure-formatted.ts";
import { decision } from "../decision.ts";
import { known, unreachable } from "../facts.ts";
import {
  bytes,
  type Change,
  cluster,
  device,
  mark,
  mountPoint,
  o2cb,
  only,
  persisted,
  shared,
  superblock,
  unmounted,
  uuid,
  volume,
} from "./observations.ts";

const look = (change: Change = {}) => decision(ensureFormatted(cluster(change)));
const says = (condition: string, rest: object = {}) => only({ conditions: [`Formatted ${condition}`], ...rest });

const devices = known([
  {
    ...{ shelf: 0, slot: 1, up: true, flags: [], macs: ["00:16:3e:00:00:01"], interfaces: ["eth1"] },
    ...{ payload: 1024, sizeBytes: bytes, users: [] },
  },
]);
const blank = {
  ...unmounted({ content: "Blank", signature: "", superblock: undefined, slots: [] }),
  aoeDevices: devices,
};
/** An empty volume, and a cluster that never recorded anything on it. */
const unformatted = (rest: Change = {}): Change => ({
  ...{ bella: blank, brutus: blank, ...rest },
  filesystem: { recorded: undefined, ...rest.filesystem },
});
/** It is recorded that bella is to format the volume. */
const recorded = {
  ...{ label: "DATA", device },
  format: { uuid, hostRef: { name: "bella" }, startTime: "2026-11-28T12:00:00Z" },
};
const intended = (rest: Change = {}): Change => unformatted({ ...rest, filesystem: { recorded, ...rest.filesystem } });
const format = (options = "4 - - - -") =>
  `XenHost bella format-filesystem san/data 1 ${device} ${uuid} DATA data local ${options} ${bytes} san1 eth1 [DATA]`;

describe("a file system that is recorded", () => {
  it("is found on its volume", () => {
    expect(look()).toEqual(says("True Formatted: Every file system is on its volume: DATA"));
  });

  it("gets no more node slots under a mount", () => {
    const sharedDevices = known([shared({ superblock: superblock({ nodeSlots: 2 }) })]);
    expect(look({ bella: { sharedDevices }, brutus: { sharedDevices } })).toEqual(
      says(
        "True PendingUnmount: DATA: has 2 node slots instead of 4, and slots can be added only while no node has the file system mounted: set the annotation xensan.dev/paused=true, unmount the file system on bella, brutus, and remove the annotation",
      ),
    );
  });

  it("is not made again on a volume that is blank", () => {
    expect(look({ bella: blank, brutus: blank })).toEqual(
      says(
        `False FilesystemMissing: DATA: ${device} no longer holds the file system ${uuid}: bella finds nothing, brutus finds nothing`,
      ),
    );
  });
});

describe("a file system that nothing is recorded of", () => {
  const entry = (rest: object) => ({
    ...blank,
    mountPoints: known([mountPoint({ empty: true, persisted: persisted(rest) })]),
  });
  it.each([
    ["this cluster", mark],
    ["a former object of its name", "san/data 0"],
  ])("is missing where fstab of a node has an entry for it, of %s", (_whose, written) => {
    expect(look(unformatted({ brutus: entry({ owner: written }) }))).toEqual(
      says(
        `False FilesystemMissing: DATA: ${device} is blank, but /etc/fstab mounts a file system of this cluster from it: /srv/data on brutus. Find out where the file system is. If it is gone for good and a new, empty one is wanted, remove these entries from /etc/fstab`,
      ),
    );
  });

  it.each([
    ["of another device", { source: "/dev/etherd/e0.9" }],
    ["of another cluster", { owner: "san/other 1" }],
    ["of a person", { owner: "" }],
  ])("is formatted where fstab has an entry %s", (_what, rest) => {
    expect(look(unformatted({ brutus: entry(rest) })).writes).toEqual([
      { kind: "Intent", label: "DATA", host: "bella" },
    ]);
  });

  it("is not formatted while the entries of a node are not known", () => {
    const brutus = { ...blank, mountPoints: { state: "unknown", why: "no time" } } as const;
    expect(look(unformatted({ brutus }))).toEqual(
      says(`Unknown FactsUnknown: DATA: brutus did not report what /etc/fstab mounts from ${device}`),
    );
  });

  it("is first written down as an intent, by name of the node", () => {
    expect(look(unformatted())).toEqual(
      says(`False Progressing: DATA: bella will format ${device}`, {
        writes: [{ kind: "Intent", label: "DATA", host: "bella" }],
        previews: [
          {
            ...{ hostRef: { kind: "XenHost", name: "bella" }, action: "format-filesystem" },
            summary: `${device} formatted once, as OCFS2 DATA`,
          },
        ],
      }),
    );
  });

  it("is made by a node that is online", () => {
    const bella = { ...blank, o2cb: known(o2cb({ active: undefined })) };
    expect(look(unformatted({ bella })).writes).toEqual([{ kind: "Intent", label: "DATA", host: "brutus" }]);
  });

  it("is recorded where it is there already", () => {
    const change = { bella: unmounted(), brutus: unmounted(), filesystem: { recorded: undefined } };
    expect(look(change)).toEqual(
      says(`False Progressing: DATA: The UUID ${uuid} of ${device} is being recorded`, {
        writes: [{ kind: "Uuid", label: "DATA", uuid }],
      }),
    );
  });

  it("takes another look where a heartbeat may be alive on it", () => {
    const filesystem = { recorded: undefined, strangers: { kind: "Unsure" } } as const;
    expect(look({ bella: unmounted(), brutus: unmounted(), filesystem })).toEqual(
      says(`Unknown Looking: DATA: Checking whether another host uses ${device}`, { lookAgain: true }),
    );
  });

  it.each<[string, Change]>([
    [
      "False VolumeNotFound: DATA: AoeVolume data does not exist: create it",
      { filesystem: { volume: { state: "NotFound", name: "data" } } },
    ],
    [
      "False VolumeInOtherCluster: DATA: old has it",
      { filesystem: { volume: { state: "Taken", name: "data", message: "old has it" } } },
    ],
    [`False Progressing: DATA: brutus is formatting ${device}`, { filesystem: { formatting: "brutus" } }],
    [
      "Unknown NodeUnreachable: DATA: Cannot determine what /dev/etherd/e0.1 holds: bella, brutus cannot be reached",
      {
        bella: (one) => ({ ...one, view: unreachable }),
        brutus: (one) => ({ ...one, view: unreachable }),
      },
    ],
    ["Unknown Pending: DATA: Waiting for a probe of brutus", { brutus: (one) => ({ ...one, fresh: false }) }],
    [
      `Unknown VolumeNotReady: DATA: brutus must see the volume as the AoeServer serves it`,
      { filesystem: { volume: volume({ attached: ["bella"] }) } },
    ],
    [
      `Unknown VolumeNotReady: DATA: The expected size of ${device} is unknown`,
      { filesystem: { volume: volume({ sizeBytes: undefined }) } },
    ],
    [
      "Unknown NotOnline: DATA: Waiting for the cluster to be online on one of bella, brutus",
      {
        bella: { ...blank, o2cb: known(o2cb({ active: undefined })) },
        brutus: { ...blank, o2cb: known(o2cb({ active: undefined })) },
      },
    ],
    [
      `Unknown FactsUnknown: DATA: brutus did not report what ${device} holds`,
      { brutus: { ...blank, formats: { state: "unknown", why: "no such directory" } } },
    ],
    [
      `Unknown FactsUnknown: DATA: brutus did not report what ${device} holds`,
      { brutus: { ...blank, formats: { state: "known", value: [], unread: [{ row: "?", why: "too short" }] } } },
    ],
    [
      `False FormatInterrupted: DATA: brutus began to format ${device} as ${uuid} and did not finish. xensan never repeats a format by itself: inspect the volume and /var/lib/xensan/formats/${uuid} on that host`,
      { brutus: { ...blank, formats: known([{ uuid, device, state: "Interrupted", owner: mark }]) } },
    ],
  ])("is not made where its cluster says %s", (condition, change) => {
    expect(look(unformatted(change))).toEqual(says(condition));
  });

  it("is made also where a node has no directory of records", () => {
    expect(look(unformatted({ brutus: { ...blank, formats: { state: "absent" } } })).writes).toEqual([
      { kind: "Intent", label: "DATA", host: "bella" },
    ]);
  });
});

describe("a file system that a node is to make", () => {
  it("is made there, as it was written down", () => {
    expect(look(intended())).toEqual(
      says(`False Progressing: DATA: bella is formatting ${device}`, { steps: [format()] }),
    );
  });

  it("is made as the spec says", () => {
    const filesystems = [
      {
        ...{ label: "DATA", volumeRef: { name: "data" }, mountPoint: "/srv/data", nodeSlots: 8, type: "Vmstore" },
        ...{ blockSize: "4Ki", clusterSize: "1Mi", journalSize: "64Mi" },
      },
    ];
    expect(look(intended({ spec: { filesystems } })).steps).toEqual([format("8 4096 1048576 67108864 vmstore")]);
  });

  it.each<[string, Change]>([
    [
      `Unknown FactsUnknown: DATA: bella did not report the interface on which it sees ${device}`,
      { bella: { ...blank, aoeDevices: { state: "unknown", why: "" } } },
    ],
    [
      "Unknown FactsUnknown: DATA: The host name of the server of AoeVolume data is unknown",
      { filesystem: { volume: volume({ serverName: undefined }) } },
    ],
  ])("waits where it says %s", (condition, change) => {
    expect(look(intended(change))).toEqual(says(condition));
  });
});

it("has nothing to make where the spec lists no file system", () => {
  expect(look({ filesystem: { spec: undefined } })).toEqual(says("True NoFilesystems: The spec lists no file systems"));
});
