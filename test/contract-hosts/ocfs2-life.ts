import {
  discover,
  ensureExport,
  installPackages,
  interfaceUp,
  prepareInitiator,
  probe,
} from "../../src/host/actions.ts";
import {
  addNodeSlots,
  clusterOnline,
  configureCluster,
  formatFilesystem,
  growFilesystem,
  mountFilesystem,
  removeCluster,
  unmountFilesystem,
} from "../../src/host/ocfs2-actions.ts";
import { device, ocfs2Requests, uuid } from "./ocfs2-requests.ts";
import { type Step, stepsOn } from "./step.ts";

/** One OCFS2 on two dom0s of the tutorial's rack, from an export to a mount and back, with the refusals on the way. */

const san = stepsOn("san");
const dom0s = [stepsOn("bella"), stepsOn("brutus")] as const;
const [bella, brutus] = dom0s;
const owner = { namespace: "san", name: "disks", uid: "0a1b" };
const other = { namespace: "san", name: "others", uid: "0c2d" };
const { cluster, format, mount } = ocfs2Requests(owner);
const place = { owner, device, uuid, mountPoint: "/srv/xen" };
const look = bella.run(
  probe({ roles: ["Client"], backings: [], segments: [], sharedDevices: [device], mountPoints: ["/srv/xen"] }),
);
const onBoth = (step: (host: (typeof dom0s)[number]) => Step): Step[] => dom0s.map(step);

export const ocfs2Life: readonly Step[] = [
  san.run(installPackages(["vblade"])),
  san.run(interfaceUp("eth1")),
  san.run(
    ensureExport({
      owner,
      shelf: 0,
      slot: 1,
      interface: "eth1",
      interfaces: [{ name: "eth1", segment: "san" }],
      backing: "/dev/vdb",
      options: [],
      restart: "Forbidden",
      allowedBackings: ["/dev/vdb"],
    }),
  ),
  ...onBoth((host) => host.run(configureCluster(cluster))),
  ...onBoth((host) => host.run(installPackages(["aoetools", "ocfs2-tools"]))),
  ...onBoth((host) => host.run(prepareInitiator({ interfaces: ["eth1"] }))),
  ...onBoth((host) => host.run(discover({ targets: [{ shelf: 0, slot: 1 }], waitSeconds: 20 }))),
  look,

  bella.run(clusterOnline(cluster)),
  bella.run(mountFilesystem(mount)),
  ...onBoth((host) => host.run(configureCluster(cluster))),
  ...onBoth((host) => host.run(configureCluster(cluster))),
  bella.run(configureCluster({ ...cluster, owner: other, cluster: "others" })),
  ...onBoth((host) => host.run(clusterOnline(cluster))),
  ...onBoth((host) => host.run(clusterOnline(cluster))),
  bella.run(clusterOnline({ ...cluster, timeouts: { ...cluster.timeouts, heartbeatThreshold: 31 } })),
  bella.run(clusterOnline(cluster)),

  bella.run(mountFilesystem(mount)),
  bella.run(growFilesystem({ device, uuid })),
  bella.run(formatFilesystem({ ...format, sizeBytes: 2 ** 30 })),
  bella.run(formatFilesystem({ ...format, server: "nobody" })),
  bella.run(formatFilesystem(format)),
  bella.run(formatFilesystem(format)),
  brutus.run(formatFilesystem(format)),
  brutus.run(mountFilesystem({ ...mount, uuid: "00000000-4732-44bc-9767-e8f7299afe1c" })),
  look,

  ...onBoth((host) => host.run(mountFilesystem(mount))),
  ...onBoth((host) => host.run(mountFilesystem(mount))),
  bella.run(mountFilesystem({ ...mount, mountPoint: "/srv/two" })),
  bella.run(clusterOnline({ ...cluster, timeouts: { ...cluster.timeouts, heartbeatThreshold: 31 } })),
  bella.run(removeCluster({ owner, cluster: "labclus" })),
  bella.run(growFilesystem({ device, uuid })),
  bella.run(addNodeSlots({ device, uuid, nodeSlots: 4 })),
  look,
  bella.run(unmountFilesystem({ ...place, owner: other })),
  ...onBoth((host) => host.run(unmountFilesystem(place))),
  bella.run(unmountFilesystem(place)),
  bella.run(addNodeSlots({ device, uuid, nodeSlots: 4 })),
  bella.run(addNodeSlots({ device, uuid, nodeSlots: 4 })),
  bella.run(removeCluster({ owner: other, cluster: "labclus" })),
  ...onBoth((host) => host.run(removeCluster({ owner, cluster: "labclus" }))),
  bella.run(removeCluster({ owner, cluster: "labclus" })),
  look,
];
