import { describe, expect, it } from "vitest";
import { concerns, ensureHealthy } from "../../../../src/controllers/ocfs2-cluster/ensure-healthy.ts";
import { decision } from "../decision.ts";
import { driver, known, unreachable } from "../facts.ts";
import {
  active,
  type Change,
  cluster,
  device,
  holders,
  mount,
  o2cb,
  only,
  shared,
  unmounted,
  volume,
} from "./observations.ts";

const look = (change: Change = {}) => decision(ensureHealthy(cluster(change)));
const says = (condition: string, lookAgain = false) => only({ conditions: [`Healthy ${condition}`], lookAgain });
const good = "True Healthy: Every mounted node sees the heartbeats of the others and is connected to them";
const hears = (liveNodes: number[] | undefined, connectedNodes: number[] | undefined) => ({
  o2cb: known(o2cb({ active: active({ liveNodes, connectedNodes }) })),
});
const slots = (...nodes: number[]) => ({
  sharedDevices: known([shared({ slots: nodes.map((number, slot) => ({ slot, node: number })) })]),
});

describe("a cluster", () => {
  it.each<[string, Change]>([
    ["everybody sees everybody", {}],
    ["debugfs does not tell", { bella: hears(undefined, undefined) }],
    ["a node that is not mounted is not heard", { bella: hears([0], [0]), brutus: unmounted() }],
    [
      "the spec asks for a read-only mount",
      {
        bella: { sharedDevices: known([shared({ mounts: [mount({ access: "ReadOnly" })] })]) },
        spec: {
          filesystems: [
            {
              ...{ label: "DATA", volumeRef: { name: "data" }, mountPoint: "/srv/data", nodeSlots: 4 },
              mountOptions: ["ro"],
            },
          ],
        },
      },
    ],
  ])("is healthy where %s", (_name, change) => {
    expect(look(change)).toEqual(says(good));
  });

  it("says what a power failure of a server without sync costs", () => {
    expect(look({ filesystem: { volume: volume({ synced: false }) } })).toEqual(
      says(
        `${good}. AoeVolume data has sync Disabled: a power failure of its server may destroy the journal of a node`,
      ),
    );
  });

  it.each<[string, Change]>([
    [
      "False ForeignHeartbeat: DATA: node number 7, which is not a mounted node of this cluster, writes a heartbeat to the file system: find that host and unmount the file system there",
      { filesystem: { strangers: { kind: "Alive", numbers: [7] } } },
    ],
    [
      `False HeartbeatMissing: brutus: does not write its heartbeat to ${device}, which it has mounted: the host resets itself 60 s after the last heartbeat`,
      { filesystem: { holders: holders({ silent: true }) } },
    ],
    [
      "False HeartbeatMissing: bella: does not see the heartbeat of brutus, which has the file system mounted",
      { bella: hears([0], []) },
    ],
    ["False Disconnected: bella: is not connected to brutus (192.168.0.2:7777)", { bella: hears([0, 1], [0]) }],
    [
      "False SlotMapDisagrees: bella: has no slot in the slot map of DATA: unmount the file system everywhere and run fsck.ocfs2",
      { bella: slots(1) },
    ],
    [
      "False SlotMapDisagrees: bella: has 2 slots in the slot map of DATA: unmount the file system everywhere and run fsck.ocfs2",
      { bella: slots(0, 0, 1) },
    ],
    [
      "False SlotMapDisagrees: bella: finds slot 1 taken by 7, which is not a node, in the slot map of DATA: unmount the file system everywhere and run fsck.ocfs2",
      { bella: slots(0, 7) },
    ],
    [
      "False ReadOnlyMount: bella: /srv/data is read-only because the kernel found an error. Check the kernel log, unmount the file system everywhere and run fsck.ocfs2",
      { bella: { sharedDevices: known([shared({ mounts: [mount({ access: "ReadOnly" })] })]) } },
    ],
    [
      "False KernelTrouble: bella: the kernel reports IoError 3 times, last: Buffer I/O error",
      {
        bella: (one) => ({
          ...one,
          troubles: [
            { kind: "IoError", subject: "etherd/e0.1", count: 3, seconds: 1, message: "Buffer I/O error" },
            { kind: "IoError", subject: "sr0", count: 9, seconds: 1, message: "no medium" },
          ],
        }),
      },
    ],
    [
      "False AoeGivesUpFirst: timeouts: AoE gives up after 60 s. A host that cannot write its heartbeat for 60 s, (heartbeatThreshold - 1) * 2, resets itself; AoE itself gives up after 60 s",
      { bella: driver(60) },
    ],
    [
      "Unknown NodeUnreachable: brutus: cannot be reached (Unreachable): no route to host",
      { brutus: (one) => ({ ...one, view: unreachable }) },
    ],
    [
      "Unknown FactsUnknown: brutus: did not report its mounts: blkid failed",
      { brutus: { sharedDevices: { state: "unknown", why: "blkid failed" } } },
    ],
    [
      "Unknown FactsUnknown: brutus: did not report which heartbeats it sees: o2cb failed",
      { brutus: { o2cb: { state: "unknown", why: "o2cb failed" } } },
    ],
    [
      "Unknown FactsUnknown: brutus: did not report which heartbeats it sees: its row could not be read",
      { brutus: { o2cb: known({ ...o2cb({ active: undefined }), activeUnreadable: true }) } },
    ],
  ])("is not healthy where it says %s", (condition, change) => {
    expect(look(change)).toEqual(says(condition));
  });

  it("is looked at again where a node was asked before another mounted", () => {
    expect(look({ bella: hears([0], [0]), filesystem: { holders: holders({ since: 1 }) } })).toEqual(
      says("Unknown Looking: bella: needs another probe, because brutus mounted later", true),
    );
  });
});

describe("trouble that a kernel reports", () => {
  it.each([
    ["IoError", "etherd/e0.1", true],
    ["IoError", "e0.1p1", true],
    ["IoError", "etherd/e0.2", false],
    ["IoError", "sda", false],
    ["IoError", "dm-0", false],
    // The block layer names the device of each failed request in a line of its own.
    ["IoError", "", false],
    ["Ocfs2Error", "etherd/e0.1", true],
    ["Ocfs2Error", "etherd/e0.2", false],
    ["Ocfs2Error", "sda1", false],
    ["Ocfs2Error", "1520", true],
    ["Ocfs2Error", "", true],
    ["Heartbeat", "77D1", true],
    ["Heartbeat", "etherd/e0.2", false],
    ["Network", "brutus", true],
    ["Fencing", "eth1", true],
  ] as const)("%s of %j is the cluster's: %s", (kind, subject, expected) => {
    expect(concerns(cluster(), { kind, subject })).toBe(expected);
  });
});
