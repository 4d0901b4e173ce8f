import { describe, expect, it } from "vitest";
import {
  clusterOnline,
  configureCluster,
  formatFilesystem,
  mountFilesystem,
  removeCluster,
  unmountFilesystem,
} from "../../../src/host/ocfs2-actions.ts";
import { createVolume } from "../../../src/sim/model/ocfs2-volume.ts";
import {
  clusterFacts,
  clusterRequest,
  device,
  dom0s,
  exportedStage,
  formatRequest,
  mountedStage,
  mountPoint,
  mountRequest,
  onlineStage,
  uuid,
} from "./cluster-stage.ts";
import { known } from "./tutorial.ts";

describe("two bare dom0s and one volume", () => {
  it("become one file system that both have mounted", async () => {
    const stage = await exportedStage();
    for (const name of dom0s) {
      expect(await stage.act(name, configureCluster(clusterRequest))).toEqual({ kind: "done", detail: "configured" });
      expect(await stage.act(name, configureCluster(clusterRequest))).toEqual({ kind: "done", detail: "unchanged" });
      expect(await stage.act(name, clusterOnline(clusterRequest))).toEqual({ kind: "done", detail: "online" });
      expect(await stage.act(name, clusterOnline(clusterRequest))).toEqual({ kind: "done", detail: "unchanged" });
    }
    expect(await stage.act("bella", formatFilesystem(formatRequest))).toEqual({ kind: "done", detail: "formatted" });
    expect(await stage.act("bella", formatFilesystem(formatRequest))).toEqual({ kind: "done", detail: "unchanged" });
    for (const name of dom0s) {
      expect(await stage.act(name, mountFilesystem(mountRequest))).toEqual({ kind: "done", detail: "mounted" });
      expect(await stage.act(name, mountFilesystem(mountRequest))).toEqual({ kind: "done", detail: "unchanged" });
    }
    stage.rack.writeFile("bella", `${mountPoint}/hello`, "from bella\n");
    expect(stage.rack.readFile("brutus", `${mountPoint}/hello`)).toBe("from bella\n");
    const kinds = stage.rack.events.map((event) => event.kind);
    expect(kinds.filter((kind) => kind === "FilesystemFormatted")).toHaveLength(1);
    expect(kinds.filter((kind) => kind === "Mounted")).toHaveLength(2);
  });

  it("are seen by a probe as they are", async () => {
    const stage = await mountedStage();
    const facts = await clusterFacts(stage, "brutus");
    expect(known(facts.o2cb).active).toEqual({
      name: "labclus",
      heartbeatMode: "Local",
      fenceMethod: "Reset",
      ...clusterRequest.timeouts,
      nodes: clusterRequest.nodes.map((node) => ({ ...node, local: node.name === "brutus" })),
      regions: [{ uuid: uuid.replaceAll("-", "").toUpperCase(), device }],
      liveNodes: [0, 1],
      connectedNodes: [0],
    });
    expect(known(facts.o2cb)).toMatchObject({
      kernel: "Module",
      loaded: true,
      bootOrder: true,
      panicOnOops: { now: 1, persisted: true },
      panic: { now: 30, persisted: true },
      boot: { enabled: true, cluster: "labclus", timeouts: clusterRequest.timeouts },
      configuration: { state: "Readable", owner: "san/data 0a1b", regions: [] },
    });
    const [shared] = known(facts.sharedDevices);
    expect(shared).toMatchObject({
      path: device,
      content: "Ocfs2",
      signature: "ocfs2",
      sizeBytes: 2 ** 31,
      superblock: {
        uuid,
        label: "DATA",
        stack: "o2cb",
        cluster: "labclus",
        globalHeartbeat: false,
        nodeSlots: 2,
        sizeBytes: 2 ** 31,
      },
      slots: [
        { slot: 0, node: 0 },
        { slot: 1, node: 1 },
      ],
    });
    expect(shared?.mounts.map(({ access, mountPoint }) => ({ access, mountPoint }))).toEqual([
      { access: "ReadWrite", mountPoint },
    ]);
    expect(known(facts.mountPoints)).toEqual([
      {
        path: mountPoint,
        kind: "Directory",
        empty: undefined,
        immutable: undefined,
        persisted: {
          source: device,
          options: ["_netdev", "noauto", "x-systemd.requires=o2cb.service", "nosuid", "nodev", "noexec", "noatime"],
          owner: "san/data 0a1b",
        },
      },
    ]);
    expect(known(facts.formats)).toEqual([]);
    expect(known((await clusterFacts(stage, "bella")).formats)).toEqual([
      { uuid, device, state: "Done", owner: "san/data 0a1b" },
    ]);
    stage.pass(5);
    const [later] = known((await clusterFacts(stage, "brutus")).sharedDevices);
    expect(later?.heartbeats.map(({ node }) => node)).toEqual([0, 1]);
    for (const [index, beat] of (later?.heartbeats ?? []).entries()) {
      expect(beat.sequence).not.toBe(shared?.heartbeats[index]?.sequence);
    }
  });

  it("come back by themselves after a cold start of the whole rack", async () => {
    const stage = await mountedStage();
    stage.rack.writeFile("bella", `${mountPoint}/hello`, "kept\n");
    for (const name of ["san", ...dom0s]) stage.rack.powerOff(name);
    stage.pass(10);
    for (const name of dom0s) stage.rack.powerOn(name);
    stage.pass(60);
    stage.rack.powerOn("san");
    stage.pass(180);
    for (const name of dom0s) expect(stage.rack.readFile(name, `${mountPoint}/hello`)).toBe("kept\n");
  });

  it("stay away after a boot while another one is at that address, unless an older xensan recorded no UUID", async () => {
    const stage = await mountedStage();
    const disks = [...stage.rack.host("san").blocks.values()];
    const content = disks.find(({ path }) => path === "/dev/vdb")?.content;
    const own = content?.ocfs2;
    if (content === undefined || own === undefined) throw new Error("nothing is formatted");
    const isMounted = () => stage.rack.host("bella").running.o2cb.mounts.length === 1;
    for (const name of dom0s) stage.rack.powerOff(name);
    const other = "00000000-0000-4000-8000-000000000001";
    const parameters = { uuid: other, label: "OTHER", cluster: "labclus", globalHeartbeat: false };
    content.ocfs2 = createVolume({ ...parameters, nodeSlots: 2, sizeBytes: 2 ** 31 });
    content.uuid = other;
    stage.rack.powerOn("bella");
    stage.pass(300);
    expect(isMounted()).toBe(false);
    content.ocfs2 = own;
    content.uuid = uuid;
    stage.pass(60);
    expect(isMounted()).toBe(true);
    stage.rack.powerOff("bella");
    stage.rack.removeFile("bella", "/var/lib/xensan/mounts");
    content.uuid = other;
    stage.rack.powerOn("bella");
    stage.pass(180);
    expect(isMounted()).toBe(true);
  });
});

describe("an online cluster", () => {
  it("takes another node at runtime, once it is configured", async () => {
    const stage = await mountedStage();
    const third = { number: 2, name: "caesar", address: "10.99.0.13", port: 7777 };
    const more = { ...clusterRequest, nodes: [...clusterRequest.nodes, third] };
    expect(await stage.act("bella", clusterOnline(more))).toMatchObject({ kind: "refused", reason: "ClusterOffline" });
    expect(await stage.act("bella", configureCluster(more))).toEqual({ kind: "done", detail: "configured" });
    expect(await stage.act("bella", clusterOnline(more))).toEqual({ kind: "done", detail: "updated" });
    expect(await stage.act("bella", configureCluster(clusterRequest))).toMatchObject({ detail: "configured" });
    expect(await stage.act("bella", clusterOnline(clusterRequest))).toEqual({ kind: "done", detail: "updated" });
  });

  it("takes other timeouts only while nothing is mounted", async () => {
    const timeouts = { ...clusterRequest.timeouts, heartbeatThreshold: 91 };
    const slower = { ...clusterRequest, timeouts };
    const mounted = await mountedStage();
    await mounted.act("bella", configureCluster(slower));
    expect(await mounted.act("bella", clusterOnline(slower))).toEqual({
      kind: "refused",
      reason: "ClusterInUse",
      message:
        "heartbeat/dead_threshold (61, to be 91) can be changed only while no OCFS2 file system is mounted: /srv/xen",
    });
    const online = await onlineStage();
    await online.act("bella", configureCluster(slower));
    expect(await online.act("bella", clusterOnline(slower))).toEqual({ kind: "done", detail: "updated" });
  });

  it("lets no node go that still beats, and nothing go while it is mounted", async () => {
    const stage = await mountedStage();
    const alone = { ...clusterRequest, nodes: clusterRequest.nodes.slice(0, 1) };
    expect(await stage.act("bella", configureCluster(alone))).toMatchObject({ reason: "ClusterInUse" });
    expect(await stage.act("bella", clusterOnline(alone))).toMatchObject({ reason: "ClusterInUse" });
    expect(await stage.act("bella", removeCluster(clusterRequest))).toMatchObject({ reason: "ClusterInUse" });
    for (const name of dom0s) {
      expect(await stage.act(name, unmountFilesystem(mountRequest))).toEqual({ kind: "done", detail: "unmounted" });
      expect(await stage.act(name, unmountFilesystem(mountRequest))).toEqual({ kind: "done", detail: "absent" });
    }
    for (const name of dom0s) {
      expect(await stage.act(name, removeCluster(clusterRequest))).toEqual({ kind: "done", detail: "removed" });
      expect(await stage.act(name, removeCluster(clusterRequest))).toEqual({ kind: "done", detail: "absent" });
    }
    const facts = known((await clusterFacts(stage, "bella")).o2cb);
    expect(facts.active).toBeUndefined();
    expect(facts.configuration).toBeUndefined();
    expect(facts.bootOrder).toBe(false);
  });
});
