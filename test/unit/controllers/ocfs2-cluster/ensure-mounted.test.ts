import { describe, expect, it } from "vitest";
import { ocfs2ClusterSpecSchema } from "../../../../src/api/ocfs2-cluster.ts";
import { xenHostSpecSchema } from "../../../../src/api/xen-host.ts";
import { lookAtMount } from "../../../../src/controllers/ocfs2-cluster/ensure-mounted.ts";
import type {
  ClusterObservation,
  ObservedNode,
  ObservedVolume,
} from "../../../../src/controllers/ocfs2-cluster/observation.ts";
import { effectiveMountOptions } from "../../../../src/host/ocfs2-values.ts";
import { ssh } from "../aoe-volume/observations.ts";
import { known, reachable } from "../facts.ts";

const uuid = "7a3c2f10-5b1d-4c7e-9a66-0d1e2f3a4b5c";
const device = "/dev/etherd/e0.1";
const owner = { namespace: "san", name: "data", uid: "1" };

/** Node bella with the file system mounted on /srv/data, and this entry of fstab for it. */
function look(source: string, by = "san/data 1") {
  const spec = ocfs2ClusterSpecSchema.parse({
    clusterName: "data",
    nodes: [{ hostRef: { name: "bella" }, number: 0, address: "192.168.0.1" }],
    filesystems: [{ label: "DATA", volumeRef: { name: "data" }, mountPoint: "/srv/data", nodeSlots: 4 }],
  });
  const [filesystem] = spec.filesystems;
  if (filesystem === undefined) throw new Error("the spec has no file system");
  const options = ["_netdev", "noauto", "x-systemd.requires=o2cb.service", ...effectiveMountOptions([])];
  const persisted = { source, options, owner: by };
  const superblock = {
    ...{ uuid, label: "DATA", stack: "o2cb", cluster: "data", globalHeartbeat: false, nodeSlots: 4 },
    ...{ sizeBytes: 2 ** 31, blockSize: 4096, clusterSize: 4096 },
  };
  const mount = { mountPoint: "/srv/data", access: "ReadWrite", options: effectiveMountOptions([]) } as const;
  const node: ObservedNode = {
    ...{ host: "bella", name: "bella", number: 0, address: "192.168.0.1", port: 7777, listed: true, state: "Found" },
    spec: xenHostSpecSchema.parse({ ssh, aoe: { interfaces: ["eth1"] } }),
    view: reachable({
      identity: known({ hostname: "bella", machineId: "m", bootId: "b", claims: new Map() }),
      sharedDevices: known([
        {
          ...{ path: device, content: "Ocfs2", signature: "ocfs2", sizeBytes: 2 ** 31, superblock },
          ...{ heartbeats: [], slots: [], mounts: [mount] },
        },
      ]),
      mountPoints: known([{ path: "/srv/data", kind: "Directory", empty: undefined, immutable: undefined, persisted }]),
    }),
    ...{ fresh: true, trusted: true, neverReached: false, rival: undefined, busy: false, removed: false, troubles: [] },
  };
  const volume: ObservedVolume = {
    ...{ state: "Found", name: "data", device, sizeBytes: 2 ** 31, attached: ["bella"], problem: undefined },
    ...{ synced: true, serverName: "san1" },
  };
  const strangers = { kind: "None" } as const;
  const observed = {
    ...{ label: "DATA", spec: filesystem, strangers, holders: [], formatting: undefined, busyOn: [], grownOn: [] },
    ...{ recorded: { label: "DATA", uuid, device, mountPoint: "/srv/data" }, volume },
  };
  const cluster: ClusterObservation = {
    ...{ owner, spec, approved: undefined, timeouts: undefined, nodes: [node], filesystems: [observed] },
  };
  const { assessment, step } = lookAtMount(cluster, observed, node);
  return { assessment, action: step?.action };
}

const fine = {
  assessment: { subject: "DATA on bella", status: "True", reason: "Mounted", message: "is mounted" },
  action: undefined,
};
const lost = {
  assessment: {
    ...{ subject: "DATA on bella", status: "False", reason: "Progressing" },
    message: "is mounted, but would not be mounted in the same way after a reboot",
  },
  action: "mount-filesystem",
};

describe("a file system that is mounted", () => {
  it.each([device, `UUID=${uuid}`, `UUID="${uuid.toUpperCase()}"`, `/dev/disk/by-uuid/${uuid}`, "LABEL=DATA"])(
    "comes back after a reboot by an fstab entry of %s",
    (source) => {
      expect(look(source)).toEqual(fine);
    },
  );

  it.each([
    "/dev/etherd/e0.11",
    "UUID=00000000-5b1d-4c7e-9a66-0d1e2f3a4b5c",
    `PARTUUID=${uuid}`,
    `/dev/mapper/snapshot-${uuid}`,
    "LABEL=DATA2",
    "/dev/disk/by-label/OTHER",
  ])("does not by an entry of another file system, %s: it is written anew", (source) => {
    expect(look(source)).toEqual(lost);
  });

  it("does not by an entry that is not this cluster's", () => {
    expect(look(device, "san/other 2")).toEqual(lost);
  });
});
