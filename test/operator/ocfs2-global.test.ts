import { describe, expect, it } from "vitest";
import {
  aoeServer,
  aoeVolume,
  at,
  device,
  logicalVolume,
  ocfs2Cluster,
  xenHost,
} from "../simulation/scenarios/objects.ts";
import type { Stage } from "../simulation/stage.ts";
import { isObject } from "../simulation/world/kube/json.ts";
import { commands, eventually, message, minutes, rig, status, word } from "./rig.ts";

const nodes = ["bella", "brutus", "caesar"];
const objects = [
  aoeServer("san", 2210, ["/dev/vdb", "san/*"]),
  ...nodes.map((name, index) => xenHost(name, 2212 + index)),
  aoeVolume("data", "san", [0, 1], device("/dev/vdb"), nodes),
  aoeVolume("more", "san", [0, 2], logicalVolume("more", "1Gi"), nodes),
];
const filesystem = (label: string, mountPoint: string) => ({ label, volumeRef: { name: label }, mountPoint });
const data = filesystem("data", "/srv/xen");
const more = filesystem("more", "/srv/more");
const globally = (hosts: readonly string[], filesystems: readonly object[] = [data]) =>
  ocfs2Cluster("xen", hosts, { heartbeatMode: "Global", filesystems });
const two = ["bella", "brutus"];
const ready = (stage: Stage) => word(stage, "Ocfs2Cluster", "xen", "Ready");

async function formed(manifest = globally(two)): Promise<Stage> {
  const stage = rig({ objects: [...objects, manifest] });
  await eventually(stage, () => ready(stage), "True/Ready", 15);
  return stage;
}

/** The UUID of a file system in the status, in the form of O2CB. */
function regionOf(stage: Stage, label: string): string {
  const { filesystems } = status(stage, "Ocfs2Cluster", "xen");
  const entry = (Array.isArray(filesystems) ? filesystems : []).filter(isObject).find((one) => one.label === label);
  return String(entry?.uuid).replaceAll("-", "").toUpperCase();
}

const o2cb = (stage: Stage, host: string) => stage.rack.host(host).running.o2cb;
const regions = (stage: Stage, host: string) => [...o2cb(stage, host).regions.keys()].sort();
const mounts = (stage: Stage, host: string) => o2cb(stage, host).mounts.map(({ mountPoint }) => mountPoint);
const configuration = (stage: Stage, host: string) => stage.rack.readFile(host, "/etc/ocfs2/cluster.conf") ?? "";

describe("a cluster with a global heartbeat", () => {
  it("comes from nothing to mounted, its heartbeat started before the mounts", async () => {
    const stage = await formed();
    const region = regionOf(stage, "data");
    for (const host of two) {
      expect([host, mounts(stage, host), regions(stage, host)]).toEqual([host, ["/srv/xen"], [region]]);
      expect(o2cb(stage, host).cluster?.heartbeatMode).toBe("Global");
      expect(configuration(stage, host)).toContain("heartbeat_mode = global");
      expect(configuration(stage, host)).toContain(`heartbeat:\n\tcluster = data\n\tregion = ${region}\n`);
    }
    expect(configuration(stage, "bella")).toBe(configuration(stage, "brutus"));
    expect(o2cb(stage, "bella").mounts[0]?.content.ocfs2?.globalHeartbeat).toBe(true);
    const happened = stage.rack.events.filter(
      ({ kind, host }) => host === "brutus" && /^(Heartbeat|Mounted)/.test(kind),
    );
    expect(happened.map(({ kind }) => kind)).toEqual(["HeartbeatStarted", "Mounted"]);
    expect(stage.rack.events.filter(({ kind }) => kind === "FormatBegun")).toHaveLength(1);
    await stage.advance(minutes(10));
    expect(word(stage, "Ocfs2Cluster", "xen", "Healthy")).toBe("True/Healthy");
  });

  it("comes back by itself after a power cut, with nobody to help", async () => {
    const stage = await formed();
    stage.life.end();
    for (const host of ["san", ...two]) stage.rack.powerOff(host);
    for (const host of ["san", ...two]) stage.rack.powerOn(host);
    await stage.advance(minutes(5));
    for (const host of two) expect([host, ...mounts(stage, host)]).toEqual([host, "/srv/xen"]);
  });

  it("takes another node and another file system in while it is mounted", async () => {
    const stage = await formed();
    const sent = commands(stage);
    stage.apply(globally(nodes, [data, more]));
    await eventually(stage, () => mounts(stage, "caesar").sort(), ["/srv/more", "/srv/xen"]);
    await eventually(stage, () => ready(stage), "True/Ready");
    const both = ["data", "more"].map((label) => regionOf(stage, label)).sort();
    for (const host of nodes) expect([host, ...regions(stage, host)]).toEqual([host, ...both]);
    expect(sent.filter((line) => line.endsWith("unmount-filesystem"))).toEqual([]);
  });

  it("says on which hosts something must be unmounted before the heartbeat on a former file system can end", async () => {
    const stage = await formed(globally(two, [data, more]));
    const [first, second] = [regionOf(stage, "data"), regionOf(stage, "more")];
    stage.apply(globally(two, [data]));
    await eventually(stage, () => mounts(stage, "brutus"), ["/srv/xen"]);
    await eventually(stage, () => ready(stage), "False/PendingRestart");
    expect(message(stage, "Ocfs2Cluster", "xen", "Online")).toContain(
      `bella: the heartbeat on ${second} is still written, although the cluster no longer has that file system: unmount the file systems on the host, then xensan brings the cluster online again`,
    );
    expect(regions(stage, "bella")).toEqual([first, second].sort());
    stage.patch("Ocfs2Cluster", at("xen"), { metadata: { annotations: { "xensan.dev/paused": "true" } } });
    for (const host of two) stage.rack.ocfs2.unmount(host, "/srv/xen");
    await stage.advance(minutes(1));
    stage.patch("Ocfs2Cluster", at("xen"), { metadata: { annotations: { "xensan.dev/paused": null } } });
    await eventually(stage, () => ready(stage), "True/Ready");
    for (const host of two) expect([host, ...regions(stage, host)]).toEqual([host, first]);
    stage.delete("AoeVolume", at("more"));
    await eventually(stage, () => stage.find("AoeVolume", at("more")), undefined);
  });

  it("lets a node go: unmounted, then without a heartbeat, then without the cluster", async () => {
    const stage = await formed(globally(nodes));
    const since = stage.rack.events.length;
    stage.apply(globally(two));
    await eventually(stage, () => o2cb(stage, "caesar").cluster, undefined);
    await eventually(stage, () => ready(stage), "True/Ready");
    expect(order(stage, since, "caesar")).toEqual(["Unmounted", "HeartbeatStopped", "ClusterOffline"]);
    for (const host of two) expect([...(o2cb(stage, host).cluster?.nodes.keys() ?? [])]).toEqual([0, 1]);
  });

  it("is taken down when it is deleted, on each host from the mount to the cluster", async () => {
    const stage = await formed(globally(two, [data, more]));
    const since = stage.rack.events.length;
    stage.delete("Ocfs2Cluster", at("xen"));
    await eventually(stage, () => stage.find("Ocfs2Cluster", at("xen")), undefined);
    const all = ["Unmounted", "Unmounted", "HeartbeatStopped", "HeartbeatStopped", "ClusterOffline"];
    for (const host of two) expect(order(stage, since, host)).toEqual(all);
    for (const name of ["data", "more"]) stage.delete("AoeVolume", at(name));
    await eventually(
      stage,
      () => stage.find("AoeVolume", at("data")) ?? stage.find("AoeVolume", at("more")),
      undefined,
    );
  });
});

/** What was stopped on a host, in order. */
function order(stage: Stage, since: number, host: string): string[] {
  return stage.rack.events
    .slice(since)
    .filter((event) => event.host === host && /^(Unmounted|HeartbeatStopped|ClusterOffline)$/.test(event.kind))
    .map(({ kind }) => kind);
}
