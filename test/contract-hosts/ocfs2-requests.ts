import type { ClusterRequest, FormatRequest, MountRequest } from "../../src/host/ocfs2-actions.ts";
import type { Owner } from "../../src/host/values.ts";

/** The volume of the tutorial as its clients see it, and the UUID that its file system gets. */
export const device = "/dev/etherd/e0.1";
export const uuid = "20e7556d-4732-44bc-9767-e8f7299afe1c";

/** Requests of this owner to the dom0s of the tutorial's rack, to share one OCFS2 on /srv/xen. */
export function ocfs2Requests(owner: Owner): {
  readonly cluster: ClusterRequest;
  readonly format: FormatRequest;
  readonly mount: MountRequest;
} {
  const cluster = "labclus";
  return {
    cluster: {
      ...{ owner, cluster, heartbeatMode: "Local", fenceMethod: "Reset", regions: [] },
      timeouts: {
        heartbeatThreshold: 61,
        idleMilliseconds: 60_000,
        keepaliveMilliseconds: 2000,
        reconnectMilliseconds: 2000,
      },
      nodes: [
        { number: 0, name: "bella", address: "10.99.0.11", port: 7777 },
        { number: 1, name: "brutus", address: "10.99.0.12", port: 7777 },
      ],
    },
    format: {
      ...{ owner, device, uuid, label: "DATA", cluster, heartbeatMode: "Local", nodeSlots: 2 },
      ...{ journalSize: 8 * 2 ** 20, sizeBytes: 2 * 2 ** 30, server: "san", interface: "eth1" },
    },
    mount: {
      ...{ owner, device, uuid, cluster, mountPoint: "/srv/xen", options: ["noatime"] },
      ...{ allowedMountOptions: [], allowedMountPoints: ["/srv/*"] },
    },
  };
}
