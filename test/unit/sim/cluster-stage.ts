import {
  discover,
  ensureExport,
  installPackages,
  interfaceUp,
  prepareInitiator,
  probe,
} from "../../../src/host/actions.ts";
import type { HostFacts } from "../../../src/host/facts.ts";
import { clusterOnline, configureCluster, formatFilesystem, mountFilesystem } from "../../../src/host/ocfs2-actions.ts";
import { parseProbe } from "../../../src/host/parse-probe.ts";
import { device, ocfs2Requests, uuid } from "../../contract-hosts/ocfs2-requests.ts";
import { allowedBackings, changedRack, owner, type Stage, type StageOptions, stage } from "./tutorial.ts";

export { device, uuid };
export const dom0s = ["bella", "brutus"] as const;
export const { cluster: clusterRequest, format: formatRequest, mount: mountRequest } = ocfs2Requests(owner);
export const { mountPoint } = mountRequest;

/** The tutorial's rack with /dev/vdb of the server exported as e0.1 and found by every dom0, ocfs2-tools installed. */
export async function exportedStage(options: StageOptions = {}): Promise<Stage> {
  const it = stage(options);
  await it.act("san", installPackages(["vblade"]));
  await it.act("san", interfaceUp("eth1"));
  await it.act(
    "san",
    ensureExport({
      owner,
      shelf: 0,
      slot: 1,
      interface: "eth1",
      interfaces: [{ name: "eth1", segment: "rack" }],
      backing: "/dev/vdb",
      options: [],
      restart: "Forbidden",
      allowedBackings,
    }),
  );
  for (const name of it.rack.hosts.keys()) {
    if (!it.rack.host(name).roles.includes("dom0")) continue;
    await it.act(name, installPackages(["aoetools", "ocfs2-tools"]));
    await it.act(name, prepareInitiator({ interfaces: ["eth1"] }));
    await it.act(name, discover({ targets: [{ shelf: 0, slot: 1 }], waitSeconds: 10 }));
  }
  return it;
}

/** The same, with the cluster online on both dom0s. */
export async function onlineStage(options: StageOptions = {}): Promise<Stage> {
  const it = await exportedStage(options);
  for (const name of dom0s) {
    await it.act(name, configureCluster(clusterRequest));
    await it.act(name, clusterOnline(clusterRequest));
  }
  return it;
}

/** The same, with one OCFS2 mounted on both. */
export async function mountedStage(options: StageOptions = {}): Promise<Stage> {
  const it = await onlineStage(options);
  await it.act("bella", formatFilesystem(formatRequest));
  for (const name of dom0s) await it.act(name, mountFilesystem(mountRequest));
  return it;
}

/** The facts of a probe with the device and the mount point. */
export async function clusterFacts(it: Stage, host: string): Promise<HostFacts> {
  const request = { roles: ["Client"], backings: [], segments: [], sharedDevices: [device], mountPoints: [mountPoint] };
  return parseProbe((await it.run(host, probe({ ...request, roles: ["Client"] }))).stdout);
}

/** The tutorial's rack with this content on /dev/vdb. */
export const rackWith = (disk: { signature?: string; data?: boolean; ocfs2?: { label: string; cluster: string } }) =>
  changedRack((file) => {
    const vdb = file.hosts.san?.disks.find(({ path }) => path === "/dev/vdb");
    if (vdb !== undefined) Object.assign(vdb, disk);
  });
